package smc

import (
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Fields of an account's More, with addresses that are not the public ones.
const (
	AddressField = "smc_address"
	OOSField     = "oos_address"
	ECSField     = "ecs_address"
)

// Fields are what the form of an account of Alibaba Cloud asks for the services
// of this package.
func Fields() []endpoint.Field[endpoint.Account] {
	one := func(name, label, sample, hint string) endpoint.Field[endpoint.Account] {
		return endpoint.Field[endpoint.Account]{Name: name, Label: label, Mono: true, Optional: true, Placeholder: sample, Hint: hint,
			Get: func(a endpoint.Account) string { return a.More[name] },
			Set: func(a *endpoint.Account, s string) error {
				a.More = endpoint.WithMore(a.More, name, s)
				return endpoint.CheckAddress(s)
			}}
	}
	first := one(AddressField, "Address of the SMC API", "smc.aliyuncs.com", "Empty: the service's own, one for all regions.")
	first.Heading, first.Under = "Migrating whole servers", "Server Migration Center, and around it OOS, which verifies images, and ECS. A RAM user needs AliyunSMCFullAccess for it."
	return []endpoint.Field[endpoint.Account]{first,
		one(OOSField, "Address of the OOS API", "oos.cn-hangzhou.aliyuncs.com", "Empty: the region's own."),
		one(ECSField, "Address of the ECS API", "ecs.cn-hangzhou.aliyuncs.com", "Empty: the region's own.")}
}

// Centers opens what accounts can do with servers; an account's clients are
// made once.
func Centers() kinds.Centers {
	var kept kinds.Kept[Config, *Center]
	return func(a endpoint.Account) (servermigration.Center, error) {
		return kept.Open(Config{SMC: a.More[AddressField], OOS: a.More[OOSField], ECS: a.More[ECSField], Region: a.Region, AccessKeyID: a.AccessKeyID, Secret: a.Secret.Reveal()}, New)
	}
}
