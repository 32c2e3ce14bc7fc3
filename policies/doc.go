// Package policies answers what the law allows and by when.
//
// A law is data: a pack is a folder of YAML files (clocks, holidays, exemptions,
// objection grounds, chains, forms) read strictly by [Load]. The engine turns a
// pack and the facts of one case into a [Deadline], a [Classification] or a
// [Decision], each with the article it rests on, so that a case can store what
// it was decided on and re-derive it years later.
//
// The package does no I/O beyond the file system it is given, knows no clock
// ("now" is always an argument) and imports nothing else of this module.
package policies
