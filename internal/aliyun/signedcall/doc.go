// Package signedcall sends signed RPC calls to the APIs of Alibaba Cloud through
// the vendor's generic client, and reads their answers.
//
// Services write some scalars now as strings, now as numbers, so Decode reads
// answers into them through Text and Number. Every error is a fault.Error whose
// message keeps the service's Code and RequestId, which is what its support asks
// for, and whose cause is an *APIError when the service answered at all.
//
// Calls that only read are repeated with a bounded, jittered back-off while
// they are Unavailable. Calls that change something are sent once: after
// Unavailable nobody knows whether they happened.
package signedcall
