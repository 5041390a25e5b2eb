// Package aliyun speaks to Alibaba Cloud's OpenAPI: one signed RPC call, and
// on it the part of the RDS API (version 2014-08-15) that restores SQL Server
// backup files from OSS into an ApsaraDB instance.
//
// Requests and responses are the vendor's own types, sent through its generic
// call. The service writes some scalars now as strings, now as numbers, so
// decode reads answers into them through Text and Number. Every error is a
// fault.Error whose message keeps the service's Code and RequestId, which is
// what its support asks for, and whose cause is an *APIError when the service
// answered at all.
//
// Calls that only read are repeated with a bounded, jittered back-off while
// they are Unavailable. Calls that change something are sent once: after
// Unavailable nobody knows whether they happened.
package aliyun
