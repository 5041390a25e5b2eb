// Package smc speaks to Alibaba Cloud's Server Migration Center (OpenAPI
// 2019-06-01), and around it to OOS, whose public template verifies images, and
// to the little of ECS that a migrated server needs.
//
// The vendor's module for the service is not served, so requests are made
// parameter by parameter and answers read into small structs with the names that
// the vendor's generated ones have. Lists of SMC and ECS are nested twice. What
// the service writes now as text and now as a number is read from either; states
// that are not known are handed on as they are.
package smc
