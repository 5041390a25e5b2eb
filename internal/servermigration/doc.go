// Package servermigration moves whole servers by Alibaba Cloud's Server
// Migration Center (SMC): an agent on the source copies its disks, first whole
// and then in increments, and each copy becomes an image.
//
// A job belongs to the service: it is started, paused and completed there, by
// this dashboard or in the console, and the service forgets it when it is
// deleted. So everything here is either what the service told and when (Server,
// Job, Cycle), or what a person ordered and what came of it (Order). What may be
// ordered now, what an order has to do next, what costs money and what a person
// should do are pure functions of the two.
//
// The facts are those of SMC's OpenAPI 2019-06-01, of the help page on
// incremental migration, and of the public OOS template that verifies images.
// What neither of them says is treated as unknown: detected, tolerated, said.
package servermigration
