package models

// State is where a case is.
type State string

const (
	StateDraft                 State = "draft"                  // next: the requester, who is still writing
	StateIncomplete            State = "incomplete"             // next: the requester, to give what the law asks for; no clock of the body runs yet
	StateRegistered            State = "registered"             // next: the body's first line; the answer clock runs from receipt (UU 14/2008 art. 22(7))
	StateInReview              State = "in_review"              // next: the officer who holds it
	StateAwaitingClarification State = "awaiting_clarification" // next: the requester; whether clocks stop is the pack's to say (Indonesia: they do not)
	StateEscalated             State = "escalated"              // next: the holder of the open rung
	StateDecided               State = "decided"                // next: the requester, who may object; the objection window runs
	StateClosed                State = "closed"                 // next: nobody
	StateWithdrawn             State = "withdrawn"              // next: nobody
)

// States in the order a case meets them.
var States = []State{
	StateDraft, StateIncomplete, StateRegistered, StateInReview, StateAwaitingClarification,
	StateEscalated, StateDecided, StateClosed, StateWithdrawn,
}

// Party is who acts next.
type Party string

const (
	NextRequester Party = "requester"
	NextBody      Party = "body"
	NextOfficer   Party = "officer"
	NextRung      Party = "rung"
	NextNobody    Party = "nobody"
)

// NextActor is who has the next move in a state.
func (s State) NextActor() Party {
	switch s {
	case StateDraft, StateIncomplete, StateAwaitingClarification, StateDecided:
		return NextRequester
	case StateRegistered:
		return NextBody
	case StateInReview:
		return NextOfficer
	case StateEscalated:
		return NextRung
	}
	return NextNobody
}

// Ended says whether the body owes nothing more in this state.
func (s State) Ended() bool {
	return s == StateDecided || s == StateClosed || s == StateWithdrawn
}

// Action is something that may be done to a case.
type Action string

const (
	ActSubmit      Action = "submit"    // intake with all that the law asks for
	ActSetAside    Action = "set_aside" // intake that lacks something: kept, not thrown away
	ActComplete    Action = "complete"  // what was missing has come
	ActAssign      Action = "assign"
	ActClassify    Action = "classify"
	ActAsk         Action = "ask"     // for clarification
	ActClarify     Action = "clarify" // the requester answers
	ActExtend      Action = "extend"
	ActEscalate    Action = "escalate"    // open a chain, or raise to the next rung
	ActAcknowledge Action = "acknowledge" // a rung
	ActReturn      Action = "return"      // a rung, to the one below
	ActSettle      Action = "settle"      // decide a rung: back to review
	ActLapse       Action = "lapse"       // a rung's clock ran out: up by itself
	ActFail        Action = "fail"        // the top rung's clock ran out: the body's failure
	ActDecide      Action = "decide"
	ActReopen      Action = "reopen" // an objection was upheld: the case is handled anew
	ActClose       Action = "close"
	ActWithdraw    Action = "withdraw"
	ActObject      Action = "object"
	ActPublish     Action = "publish"
	ActMessage     Action = "message"
	ActNote        Action = "note"
	ActAttach      Action = "attach"
	ActOutside     Action = "outside" // a body outside was asked, or has decided
	ActErase       Action = "erase"   // what is personal, when its time is over
)

// Actions lists every action, for the grid and for tests.
var Actions = []Action{
	ActSubmit, ActSetAside, ActComplete, ActAssign, ActClassify, ActAsk, ActClarify, ActExtend,
	ActEscalate, ActAcknowledge, ActReturn, ActSettle, ActLapse, ActFail, ActDecide, ActReopen,
	ActClose, ActWithdraw, ActObject, ActPublish, ActMessage, ActNote, ActAttach,
	ActOutside, ActErase,
}

// moves is the whole table of state x action: where each action leads. An
// absent pair is not possible.
var moves = map[State]map[Action]State{
	StateDraft: {
		ActSubmit:   StateRegistered,
		ActSetAside: StateIncomplete,
	},
	StateIncomplete: {
		ActComplete: StateRegistered,
		ActClassify: StateIncomplete,
		ActWithdraw: StateWithdrawn,
		ActClose:    StateClosed,
		ActMessage:  StateIncomplete,
		ActNote:     StateIncomplete,
		ActAttach:   StateIncomplete,
	},
	StateRegistered: with(handling(StateRegistered), map[Action]State{
		ActAssign: StateInReview,
	}),
	StateInReview: handling(StateInReview),
	StateAwaitingClarification: with(handling(StateAwaitingClarification), map[Action]State{
		ActClarify: StateInReview, // or back to the open rung: see Move
		// An open rung goes on meanwhile: its clock does not wait for the reply.
		ActAcknowledge: StateAwaitingClarification,
		ActReturn:      StateAwaitingClarification,
		ActSettle:      StateAwaitingClarification,
		ActLapse:       StateAwaitingClarification,
		ActFail:        StateAwaitingClarification,
	}),
	StateEscalated: with(handling(StateEscalated), map[Action]State{
		ActAcknowledge: StateEscalated,
		ActReturn:      StateEscalated,
		ActSettle:      StateInReview,
		ActLapse:       StateEscalated,
		ActFail:        StateInReview,
	}),
	StateDecided: {
		ActClassify: StateDecided,
		ActReopen:   StateInReview,
		ActClose:    StateClosed,
		ActObject:   StateDecided,
		ActPublish:  StateDecided,
		ActMessage:  StateDecided,
		ActNote:     StateDecided,
		ActAttach:   StateDecided,
		ActOutside:  StateDecided,
	},
	StateClosed: {
		ActClassify: StateClosed,
		ActPublish:  StateClosed,
		ActNote:     StateClosed,
		ActOutside:  StateClosed,
		ActErase:    StateClosed,
	},
	StateWithdrawn: {
		ActClassify: StateWithdrawn,
		ActNote:     StateWithdrawn,
		ActErase:    StateWithdrawn,
	},
}

// handling is what is possible while the body owes an answer.
func handling(s State) map[Action]State {
	return map[Action]State{
		ActAssign:   s,
		ActClassify: s,
		ActAsk:      StateAwaitingClarification,
		ActExtend:   s,
		ActEscalate: StateEscalated,
		ActDecide:   StateDecided,
		ActWithdraw: StateWithdrawn,
		ActObject:   s, // against silence: the case itself goes on
		ActOutside:  s, // likewise (UU 14/2008 art. 37(2): 30 working days without an answer)
		ActMessage:  s,
		ActNote:     s,
		ActAttach:   s,
	}
}

func with(base, more map[Action]State) map[Action]State {
	for a, s := range more {
		base[a] = s
	}
	return base
}

// Leads says where an action leads from a state, and whether it is possible.
func Leads(from State, a Action) (State, bool) {
	to, ok := moves[from][a]
	return to, ok
}

// Can says whether an action is possible on the case as it stands.
func (c *Case) Can(a Action) bool {
	_, err := c.next(a)
	return err == nil
}

// Move does an action's change of state, or refuses with Conflict. It is the
// only writer of Case.State.
func (c *Case) Move(a Action) error {
	to, err := c.next(a)
	if err != nil {
		return err
	}
	c.State = to
	return nil
}

func (c *Case) next(a Action) (State, error) {
	from := c.State
	if from == "" {
		from = StateDraft
	}
	to, ok := Leads(from, a)
	switch {
	case !ok:
		return "", Refuse(Conflict, "not_possible_now", string(a), string(from))
	case c.RungLevel == 0 && (a == ActAcknowledge || a == ActReturn || a == ActSettle || a == ActLapse || a == ActFail):
		return "", Refuse(Conflict, "no_open_rung")
	case c.RungLevel > 0 && a == ActClarify:
		return StateEscalated, nil // a rung is open: its holder goes on
	case c.Kind == Objection && a == ActObject:
		// The next remedy is outside the body (UU 14/2008 art. 37(2)).
		return "", Refuse(Conflict, "objection_to_objection")
	case c.Kind == Objection && a == ActPublish:
		return "", Refuse(Conflict, "not_possible_now", string(a), string(from))
	}
	return to, nil
}
