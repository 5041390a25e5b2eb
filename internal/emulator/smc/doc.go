// Package smcemu emulates Alibaba Cloud's Server Migration Center (API version
// 2019-06-01) over the wire, with what a migration of a server needs beside it:
// the templates of OOS (2019-06-01) that verify an image, and of ECS
// (2014-05-26) the instances and images that a job makes. All three answer at
// one address and are told apart by version and action. Signatures, clock and
// nonces are checked as those of the other emulated APIs.
//
// Jobs, sources and activation codes obey the published rules: states in which
// a call is allowed, one unfinished job for a source, names and images used
// once, quotas, pages of at most 50. Refusals carry the published codes and, in
// the form of the newest API metadata, the published texts. Nothing runs in the
// background: whoever looks, sees what would have happened by now, by a clock
// that the control door can move ahead.
//
// What the public pages leave open is decided here:
//
//   - The codes MissingParameter and InvalidParameter.NAME, ReplicationJob.NotFound,
//     SourceServer.NotFound, AccessToken.NotFound and QuotaExceeded.RunningReplicationJob
//     are ours: the published lists have none for these cases. That a source has
//     an unfinished job is said with SourceServerState.Invalid.
//   - StartReplicationJob in Waiting is refused, as its page has it. The console
//     starts a synchronisation there with what looks like that call; the setting
//     start_waiting lets it.
//   - Shares of the progress are ours (Preparing to 10, Syncing to 70, Processing
//     to 95, Cleaning to 100); a published sample has 75 in Processing. While data
//     is compared, the progress stands still.
//   - A run is listed when it has ended, and stays listed when its image is gone.
//   - A run begins where the last one ended plus the interval that was in force at
//     that moment, and waits while 50 jobs are at work.
//   - A source that goes offline ends a copy at once, with SourceServer.Offline; a
//     run whose time has come fails at its copy in the same way.
//   - A job in Waiting does not expire. The setting expire_waiting makes it.
//   - CutOverReplicationJob needs an agent that is there, with and without SyncData.
//   - The state of a source with a job that was started and is not over is InUse.
//   - A deleted job is listed as Deleting for a while, then no longer.
//   - TransitionInstanceId is empty once the service has released the instance; of
//     one that somebody else released the job knows nothing.
//   - A failing run of OOS ends as Failed; one whose check fails ends as Success,
//     without the markers, as the published template goes on after it.
//
// What it does not do: drills, workgroups, tags as operations of their own, cross-zone and
// agentless jobs, imports of ECS instances; data is not moved, and no instance
// answers at an address. Disks in their newer form are taken and told, not judged.
// Of the older form of errors, the classic SDK's signature is understood.
//
// The control door (package control) adds these paths:
//
//	GET    /state                                    everything, as it is now
//	GET    /clock, POST /clock {"forward":"36h"}     the clock that jobs go by
//	PATCH  /settings                                 a SettingsPatch
//	PATCH  /sources/{id}                             a SourcePatch
//	POST   /sources                                  a Source whose agent registers
//	PATCH  /jobs/{id}                                a JobPatch: what its next run meets, changes in the console
//	DELETE /jobs/{id}                                deleted in the console
//	POST   /images {"region":…,"name":…}             an image somebody made
//	DELETE /instances/{id}                           released in the console
package smcemu
