// Package aliyun speaks to Alibaba Cloud's OpenAPI: the part of the RDS API
// (version 2014-08-15) that restores SQL Server backup files from OSS into an
// ApsaraDB instance, and the one that backs it up.
//
// Requests and responses are the vendor's own types, sent through its generic
// call by the package signedcall, whose comment says what is repeated and how
// errors come back.
package aliyun
