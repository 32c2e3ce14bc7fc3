package policies

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones must load on a machine without a zone database

	"github.com/goccy/go-yaml"
)

// packFile is everything that a file of a pack may hold. Each section stands in one
// file only; which one is the author's choice.
type packFile struct {
	Pack             *header           `yaml:"pack"`
	Office           *OfficeHours      `yaml:"office_hours"`
	Roles            []Role            `yaml:"roles"`
	Levels           []Level           `yaml:"levels"`
	Kinds            []Kind            `yaml:"kinds"`
	Clocks           []Clock           `yaml:"clocks"`
	Exemptions       []Exemption       `yaml:"exemptions"`
	NeverExempt      []Duty            `yaml:"never_exempt"`
	Duties           []Duty            `yaml:"duties"`
	ObjectionGrounds []ObjectionGround `yaml:"objection_grounds"`
	Stages           []Stage           `yaml:"stages"`
	Chains           []Chain           `yaml:"chains"`
	Forms            []Form            `yaml:"forms"`
	Notices          []Notice          `yaml:"notices"`
	Fees             []Fee             `yaml:"fees"`
	Report           []Heading         `yaml:"annual_report"`
	Retention        []Retention       `yaml:"retention"`
	Sanctions        []Duty            `yaml:"sanctions"`
	Repeats          []Repeat          `yaml:"repeats"`
	Holidays         *Holidays         `yaml:"holidays"`
	Rules            []Rule            `yaml:"rules"`
	Routes           []RouteRule       `yaml:"routes"`
}

// header is the section that makes a folder a pack.
type header struct {
	ID         string `yaml:"id"`
	Version    string `yaml:"version"`
	Name       Text   `yaml:"name"`
	Law        Text   `yaml:"law"`
	Zone       string `yaml:"zone"`
	Language   string `yaml:"language"`
	Effective  Date   `yaml:"effective"`
	Inherit    string `yaml:"inherit"` // folder whose files hold where this folder has none of that name
	VerifiedOn Date   `yaml:"verified_on"`
	VerifiedBy string `yaml:"verified_by"`
	Legal      `yaml:",inline"`
}

// Problem is something wrong in a pack, at a place, with what to write instead.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // 0 where the whole file or folder is meant
	Message string `json:"message"`
	Instead string `json:"instead,omitempty"`
}

// Error writes file:line: message; write: instead.
func (p Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
	}
	s += ": " + p.Message
	if p.Instead != "" {
		s += "; write: " + p.Instead
	}
	return s
}

// Problems is every problem found in one load.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Load reads every pack below the root of fsys: each folder that holds a pack.yaml is
// one version of one law. It is strict, and returns Problems that name file and line.
func Load(fsys fs.FS) (*Registry, error) {
	r, problems, err := loadAll(fsys)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, Problems(problems)
	}
	return r, nil
}

func loadAll(fsys fs.FS) (*Registry, []Problem, error) {
	var dirs []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && path.Base(name) == "pack.yaml" {
			dirs = append(dirs, path.Dir(name))
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading packs: %w", err)
	}
	if len(dirs) == 0 {
		return nil, []Problem{{File: ".", Message: "no pack here", Instead: "a folder with a pack.yaml; `terang pack new ID` makes one"}}, nil
	}
	var problems []Problem
	var packs []*loaded
	results := make([]*loaded, len(dirs))
	found := make([][]Problem, len(dirs))
	var wg sync.WaitGroup
	for i, dir := range dirs {
		wg.Go(func() { results[i], found[i] = loadDir(fsys, dir) })
	}
	wg.Wait()
	for i, l := range results {
		problems = append(problems, found[i]...)
		if l != nil {
			packs = append(packs, l)
		}
	}
	r, ps := newRegistry(packs)
	return r, append(problems, ps...), nil
}

// loaded is a pack with the places its parts came from.
type loaded struct {
	pack   *Pack
	merged packFile // every section as it was read
	dir    string
	at     map[string]*source // section -> file
}

// find returns the file and line of a YAML path (see source.line).
func (l *loaded) find(yamlPath string) (string, int) {
	section, _, _ := strings.Cut(strings.TrimPrefix(yamlPath, "$."), ".")
	section, _, _ = strings.Cut(section, "[")
	src, ok := l.at[section]
	if !ok {
		return path.Join(l.dir, "pack.yaml"), 0
	}
	return src.file, src.line(yamlPath)
}

func loadDir(fsys fs.FS, dir string) (*loaded, []Problem) {
	files, origin, problem := packFiles(fsys, dir)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	l := &loaded{pack: &Pack{files: files, clocks: map[string]*Clock{}}, dir: dir, at: map[string]*source{}}
	var problems []Problem
	var head *header
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var f packFile
		if p := decodeStrict(origin[name], files[name], &f); p != nil {
			problems = append(problems, *p)
			continue
		}
		problems = append(problems, l.merge(&f, newSource(origin[name], files[name]))...)
		if f.Pack != nil {
			head = f.Pack
		}
	}
	if head == nil {
		if len(problems) == 0 {
			problems = append(problems, Problem{File: path.Join(dir, "pack.yaml"), Message: "has no section pack", Instead: "pack: {id: ..., version: ..., effective: YYYY-MM-DD, zone: Asia/Jakarta, ...}"})
		}
		return nil, problems
	}
	if len(problems) > 0 {
		return nil, problems
	}
	p := l.pack
	p.ID, p.Version, p.Name, p.Law, p.Zone, p.Language = head.ID, head.Version, head.Name, head.Law, head.Zone, head.Language
	p.Effective, p.VerifiedOn, p.VerifiedBy = head.Effective, head.VerifiedOn, head.VerifiedBy
	p.Hash = hashFiles(files)
	p.source = l
	problems = l.check(head)
	if len(problems) > 0 {
		return nil, problems
	}
	p.prepare()
	if err := compileRules(p); err != nil {
		return nil, ruleProblems(err, l.find)
	}
	return l, nil
}

// packFiles reads the YAML files of a folder and, where its header inherits, those of
// the other folder that it does not have itself. origin tells errors where each is.
func packFiles(fsys fs.FS, dir string) (files map[string][]byte, origin map[string]string, problem *Problem) {
	files, origin = map[string][]byte{}, map[string]string{}
	read := func(from string) *Problem {
		names, err := fs.Glob(fsys, path.Join(from, "*.yaml"))
		if err != nil {
			return &Problem{File: from, Message: err.Error()}
		}
		for _, name := range names {
			base := path.Base(name)
			if _, own := files[base]; own {
				continue
			}
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return &Problem{File: name, Message: err.Error()}
			}
			files[base], origin[base] = data, name
		}
		return nil
	}
	if p := read(dir); p != nil {
		return nil, nil, p
	}
	var top struct {
		Pack struct {
			Inherit string `yaml:"inherit"`
		} `yaml:"pack"`
	}
	if err := yaml.Unmarshal(files["pack.yaml"], &top); err == nil && top.Pack.Inherit != "" {
		from := path.Join(dir, top.Pack.Inherit)
		if _, err := fs.Stat(fsys, path.Join(from, "pack.yaml")); err != nil || from == dir {
			return nil, nil, &Problem{
				File: path.Join(dir, "pack.yaml"), Message: "inherits from " + strconv.Quote(top.Pack.Inherit) + ", which is not another pack's folder",
				Instead: "the path of the folder relative to this one, for example inherit: ../2025",
			}
		}
		if p := read(from); p != nil {
			return nil, nil, p
		}
	}
	return files, origin, nil
}

// merge takes the sections of one file; a section that another file already has is a problem.
func (l *loaded) merge(f *packFile, from *source) []Problem {
	p, m := l.pack, &l.merged
	var problems []Problem
	section := func(name string, set bool, take func()) {
		if !set {
			return
		}
		if other, dup := l.at[name]; dup {
			problems = append(problems, Problem{File: from.file, Message: "section " + name + " stands in " + other.file + " too", Instead: "each section in one file"})
			return
		}
		l.at[name] = from
		take()
	}
	section("pack", f.Pack != nil, func() { m.Pack = f.Pack })
	section("office_hours", f.Office != nil, func() { m.Office, p.Office = f.Office, *f.Office })
	section("roles", f.Roles != nil, func() { m.Roles, p.Roles = f.Roles, f.Roles })
	section("levels", f.Levels != nil, func() { m.Levels, p.Levels = f.Levels, f.Levels })
	section("kinds", f.Kinds != nil, func() { m.Kinds, p.Kinds = f.Kinds, f.Kinds })
	section("clocks", f.Clocks != nil, func() { m.Clocks, p.Clocks = f.Clocks, f.Clocks })
	section("exemptions", f.Exemptions != nil, func() { m.Exemptions, p.Exemptions = f.Exemptions, f.Exemptions })
	section("never_exempt", f.NeverExempt != nil, func() { m.NeverExempt, p.NeverExempt = f.NeverExempt, f.NeverExempt })
	section("duties", f.Duties != nil, func() { m.Duties, p.Duties = f.Duties, f.Duties })
	section("objection_grounds", f.ObjectionGrounds != nil, func() { m.ObjectionGrounds, p.ObjectionGrounds = f.ObjectionGrounds, f.ObjectionGrounds })
	section("stages", f.Stages != nil, func() { m.Stages, p.Stages = f.Stages, f.Stages })
	section("chains", f.Chains != nil, func() { m.Chains, p.Chains = f.Chains, f.Chains })
	section("forms", f.Forms != nil, func() { m.Forms, p.Forms = f.Forms, f.Forms })
	section("notices", f.Notices != nil, func() { m.Notices, p.Notices = f.Notices, f.Notices })
	section("fees", f.Fees != nil, func() { m.Fees, p.Fees = f.Fees, f.Fees })
	section("annual_report", f.Report != nil, func() { m.Report, p.Report = f.Report, f.Report })
	section("retention", f.Retention != nil, func() { m.Retention, p.Retention = f.Retention, f.Retention })
	section("repeats", f.Repeats != nil, func() { m.Repeats, p.Repeats = f.Repeats, f.Repeats })
	section("sanctions", f.Sanctions != nil, func() { m.Sanctions, p.Sanctions = f.Sanctions, f.Sanctions })
	section("holidays", f.Holidays != nil, func() { m.Holidays, p.Holidays = f.Holidays, *f.Holidays })
	section("rules", f.Rules != nil, func() { m.Rules, p.Rules = f.Rules, f.Rules })
	section("routes", f.Routes != nil, func() { m.Routes, p.Routes = f.Routes, f.Routes })
	return problems
}

// hashFiles is SHA-256 over name, length and bytes of each file in name order, with
// line ends as LF so that a checkout on Windows hashes the same.
func hashFiles(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		data := strings.ReplaceAll(string(files[name]), "\r\n", "\n")
		fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(data), data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// prepare computes what the engine needs and check has found sound.
func (p *Pack) prepare() {
	if loc, err := time.LoadLocation(p.Zone); err == nil {
		p.loc = loc
	}
	p.Office.start, _ = parseClockTime(p.Office.Start)
	p.Office.end, _ = parseClockTime(p.Office.End)
	for i := range p.Clocks {
		c := &p.Clocks[i]
		p.clocks[c.Name] = c
		if len(c.Extensions) > 0 {
			c.Extension = &c.Extensions[0]
		}
		c.cutoff = -1
		if s, ok := parseClockTime(c.Cutoff); ok {
			c.cutoff = s
		}
		c.basis = c.makeBasis()
	}
	for i := range p.Chains {
		for j := range p.Chains[i].Rungs {
			if r := &p.Chains[i].Rungs[j]; r.Legal == (Legal{}) {
				r.Legal = p.Chains[i].Legal
			}
		}
	}
	for i := range p.Holidays.Rules {
		if r := &p.Holidays.Rules[i]; r.Legal == (Legal{}) {
			r.Legal = p.Holidays.Legal
		}
	}
	p.calendar(calendarKey{leaveWorking: p.Holidays.Leave.Working})
}

// parseClockTime reads "19:00" as seconds since midnight.
func parseClockTime(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, false
	}
	return t.Hour()*3600 + t.Minute()*60, true
}

var firstDayTexts = map[string]Text{
	"next_working":                {ID: "Hari pertama adalah hari kerja setelah diterima", EN: "Day one is the working day after receipt"},
	"next_calendar":               {ID: "Hari pertama adalah hari setelah diterima", EN: "Day one is the day after receipt"},
	"next_business_then_calendar": {ID: "Hari pertama adalah hari kerja setelah diterima; sesudah itu setiap hari dihitung", EN: "Day one is the business day after receipt; then every day counts"},
	"same_day":                    {ID: "Hari diterima ikut dihitung", EN: "The day of receipt counts"},
}

func (c *Clock) makeBasis() clockBasis {
	of := func(rule string, l Legal, t Text) Basis {
		return Basis{Rule: rule, Article: l.Article, Source: l.Source, Verified: l.Verified, Text: t}
	}
	n := strconv.Itoa(c.Length)
	length := Text{ID: c.Title.ID + ": " + n + " " + unitNames[c.Unit].ID, EN: c.Title.EN + ": " + n + " " + unitNames[c.Unit].EN}
	if c.Plus > 0 {
		length.ID += " + " + strconv.Itoa(c.Plus) + " hari"
		length.EN += " + " + strconv.Itoa(c.Plus) + " days"
	}
	first := firstDayTexts[c.FirstDay]
	if c.Cutoff != "" {
		first.ID += "; yang masuk mulai pukul " + c.Cutoff + " dianggap masuk hari kerja berikutnya"
		first.EN += "; what comes from " + c.Cutoff + " counts as received on the next working day"
	}
	lapse := c.OnLapse.Legal
	if lapse.Article == "" {
		lapse = c.Legal
	}
	reading := c.Legal
	if c.Reading != nil {
		reading = *c.Reading
	}
	return clockBasis{
		length: of("length", c.Legal, length),
		first:  of("first_day", c.Legal, first),
		roll: of("roll", reading, Text{
			ID: "Jatuh pada hari bukan hari kerja: bergeser ke hari kerja berikutnya",
			EN: "Falls on a day without work: moves to the next working day",
		}),
		lapse: of("lapse", lapse, c.OnLapse.Text),
	}
}
