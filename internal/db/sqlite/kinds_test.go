package sqlite

import "github.com/bakplane/bakplane/internal/endpoint"

// testKinds are kinds as adapters bring them, as far as the store asks.
func testKinds() endpoint.Kinds {
	kind := func(key string, t endpoint.Traits) endpoint.InstanceSpec {
		return endpoint.InstanceSpec{Spec: endpoint.Spec[endpoint.Instance]{Key: key}, Traits: t}
	}
	return endpoint.Kinds{Instances: []endpoint.InstanceSpec{
		kind("service", endpoint.Traits{Calls: endpoint.Calls{Database: 20, Instance: 500}, BacksUpItself: true}), kind("server", endpoint.Traits{Source: true, Restores: true})},
		Buckets: []endpoint.BucketSpec{{Spec: endpoint.Spec[endpoint.Bucket]{Key: "folder"}}, {Spec: endpoint.Spec[endpoint.Bucket]{Key: "bucket"}, Service: true}}}
}
