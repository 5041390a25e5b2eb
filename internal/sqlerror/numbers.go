// Package sqlerror says what SQL Server means by its errors, by number and by
// text: our code, and what can be done about it. Whoever hears SQL Server asks
// here, a connection as well as a cloud that quotes it in a task's description.
package sqlerror

import "github.com/bakplane/bakplane/internal/fault"

// Meaning is what an error is to us.
type Meaning struct {
	Kind fault.Kind
	Code fault.Code
}

// OfNumber is the meaning of an error number (documentation pages "Database
// Engine events and errors" 0–999, 1000–1999, 3000–3999, 4000–4999, 5000–5999,
// 11000–12999, 18000–18999, and "Cannot find server certificate with
// thumbprint", 33111). Unavailable means that repeating is right; those of the
// list had no effect. False for a number that is not explained, and for one
// that only says that something before it went wrong.
func OfNumber(number int) (Meaning, bool) {
	for _, r := range numbers {
		for _, n := range r.numbers {
			if n == number {
				return r.is, true
			}
		}
	}
	return Meaning{Kind: fault.Conflict}, false
}

// Follows reports whether an error always follows another one and explains
// nothing by itself.
func Follows(number int) bool {
	switch number {
	case 3013, 3041, 3119, 3456, 3621, 5069, 5072:
		return true
	}
	return false
}

type row struct {
	numbers []int
	is      Meaning
}

var numbers = []row{
	// Who may what.
	{[]int{18456}, Meaning{fault.Denied, "login"}},
	{[]int{18452}, Meaning{fault.Denied, "windows-logins"}},
	{[]int{18470, 18486, 18487, 18488}, Meaning{fault.Denied, "login-disabled"}},
	{[]int{4060, 4064}, Meaning{fault.Denied, "default-database"}},
	{[]int{229, 230, 262, 297, 300, 371, 916, 2571, 3110, 5011, 6102, 15247, 15151, 22048}, Meaning{fault.Denied, "rights"}},

	// The state of a database or of the server.
	{[]int{911, 2702, 2520}, Meaning{fault.NotFound, "no-database"}},
	{[]int{208, 2812}, Meaning{fault.NotFound, "unknown-object"}},
	{[]int{927}, Meaning{fault.Conflict, "restoring"}},
	{[]int{942, 945, 926}, Meaning{fault.Conflict, "offline"}},
	{[]int{924, 5070, 5061, 3101, 3102, 3702}, Meaning{fault.Conflict, "in-use"}},
	{[]int{5064}, Meaning{fault.Conflict, "single-user"}},
	{[]int{1468, 3104}, Meaning{fault.Conflict, "group"}},
	{[]int{3059}, Meaning{fault.Conflict, "secondary"}},
	{[]int{976, 978}, Meaning{fault.Conflict, "not-readable"}},
	{[]int{983, 35250}, Meaning{fault.Unavailable, "no-primary"}},
	{[]int{3906, 3908}, Meaning{fault.Conflict, "writes-refused"}},
	{[]int{3153}, Meaning{fault.Conflict, "open-already"}},
	{[]int{921, 922}, Meaning{fault.Unavailable, "recovering"}},
	{[]int{6005, 17142, 17188, 17810, 18451}, Meaning{fault.Unavailable, "starting"}},
	{[]int{1205, 1222, 701, 802, 8645, 8651, 17803}, Meaning{fault.Unavailable, "busy"}},
	{[]int{596}, Meaning{fault.Unavailable, "ended"}},
	{[]int{3021, 226}, Meaning{fault.Conflict, "transaction"}},

	// Room, and what the operating system says.
	{[]int{1105, 1101}, Meaning{fault.Conflict, "data-full"}},
	{[]int{9002}, Meaning{fault.Conflict, "log-full"}},
	{[]int{3257, 1827, 5149}, Meaning{fault.Conflict, "space"}},
	{[]int{823, 3634, 5120}, Meaning{fault.Conflict, "disk"}},
	{[]int{3201}, Meaning{fault.Conflict, "device"}},
	{[]int{3202, 3203, 3271}, Meaning{fault.Conflict, "read"}},
	{[]int{3057, 3044}, Meaning{fault.Invalid, "path"}},
	{[]int{5133, 5105}, Meaning{fault.NotFound, "folder"}},
	{[]int{3142, 3156, 1834, 5170, 5123}, Meaning{fault.Conflict, "file-clash"}},

	// Taking a backup.
	{[]int{3023, 3022}, Meaning{fault.Unavailable, "serialized"}},
	{[]int{3009}, Meaning{fault.Conflict, "history"}},
	{[]int{3035, 4214}, Meaning{fault.Conflict, "no-full"}},
	{[]int{4208}, Meaning{fault.Conflict, "simple"}},
	{[]int{4212}, Meaning{fault.Invalid, "master-log"}},
	{[]int{3147}, Meaning{fault.Invalid, "tempdb"}},
	{[]int{3036}, Meaning{fault.Conflict, "standby"}},
	{[]int{1844, 3218}, Meaning{fault.Invalid, "feature"}},
	{[]int{3043, 824}, Meaning{fault.Conflict, "damaged-page"}},
	{[]int{3204}, Meaning{fault.Conflict, "ended"}},
	{[]int{3205}, Meaning{fault.Invalid, "many-files"}},

	// Restoring one.
	{[]int{3117}, Meaning{fault.Conflict, "not-restoring"}},
	{[]int{3118}, Meaning{fault.NotFound, "not-restoring"}},
	{[]int{3136}, Meaning{fault.Conflict, "wrong-base"}},
	{[]int{3141, 3154}, Meaning{fault.Conflict, "other-database"}},
	{[]int{3159, 3173}, Meaning{fault.Conflict, "unsaved-log"}},
	{[]int{1801, 3112}, Meaning{fault.Conflict, "name-exists"}},
	{[]int{3168}, Meaning{fault.Invalid, "system"}},
	{[]int{3169, 948, 1813}, Meaning{fault.Invalid, "version"}},
	{[]int{905, 909, 933}, Meaning{fault.Conflict, "edition"}},
	{[]int{12824}, Meaning{fault.Conflict, "contained"}},
	{[]int{5591}, Meaning{fault.Conflict, "filestream"}},
	{[]int{3234}, Meaning{fault.Invalid, "logical-name"}},
	{[]int{3231, 3132}, Meaning{fault.Invalid, "stripe"}},
	{[]int{3144}, Meaning{fault.Invalid, "not-in-backup"}},
	{[]int{3241, 3242, 3266}, Meaning{fault.Invalid, "unreadable"}},
	{[]int{3254, 3256}, Meaning{fault.Invalid, "incomplete"}},
	{[]int{3182, 3183, 3186, 3189}, Meaning{fault.Invalid, "damaged"}},
	{[]int{3187}, Meaning{fault.Invalid, "no-checksums"}},
	{[]int{3279}, Meaning{fault.Denied, "password"}},
	{[]int{4303, 4318, 4333}, Meaning{fault.Conflict, "more-log"}},
	{[]int{4305, 4349, 4312}, Meaning{fault.Conflict, "gap"}},
	{[]int{4326}, Meaning{fault.Conflict, "covered"}},
	{[]int{4330, 3116, 3121}, Meaning{fault.Conflict, "fork"}},
	{[]int{4319}, Meaning{fault.Conflict, "interrupted"}},
	{[]int{4335, 4338}, Meaning{fault.Conflict, "stop-too-early"}},
	{[]int{4327, 4341}, Meaning{fault.Conflict, "stop-in-bulk"}},
	{[]int{33111}, Meaning{fault.Conflict, "certificate"}},
}
