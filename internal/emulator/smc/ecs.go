package smcemu

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
)

// runInstances makes instances of an image (page RunInstances). Of its many
// parameters those are judged that a try of an image needs.
func (q *request) runInstances() (answer, *refusal) {
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	image, refused := q.need("ImageId")
	if refused != nil {
		return nil, refused
	}
	kind, refused := q.need("InstanceType")
	if refused != nil {
		return nil, refused
	}
	token := q.get("ClientToken")
	if token != "" && !tokenForm.MatchString(token) {
		return nil, badValue("ClientToken", "it must have 1 to 64 ASCII characters")
	}
	for _, i := range q.st.Instances {
		if token != "" && i.Token == token && i.Account == q.caller.Account {
			return answer{"InstanceIdSets": answer{"InstanceIdSet": []string{i.ID}}}, nil
		}
	}
	i := q.st.Images[image]
	if i == nil || i.Account != q.caller.Account || i.Region != region {
		return nil, acs.Refuse(http.StatusNotFound, "InvalidImageId.NotFound", "The specified ImageId does not exist.")
	}
	vswitch := q.get("VSwitchId")
	vpc := q.server.config.Switches[vswitch]
	if vswitch != "" && vpc == "" {
		return nil, acs.Refuse(http.StatusNotFound, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist.")
	}
	if q.st.Settings.NoBalance {
		return nil, acs.Refuse(http.StatusForbidden, "InvalidAccountStatus.NotEnoughBalance", "Your account does not have enough balance.")
	}
	amount := 1
	if refused := q.number("Amount", 1, 100, &amount); refused != nil {
		return nil, refused
	}
	if amount != 1 && token != "" {
		return nil, badValue("Amount", "this emulator makes one instance under a client token")
	}
	dry, refused := q.yes("DryRun", false)
	if refused != nil {
		return nil, refused
	}
	if dry {
		return nil, acs.Refuse(http.StatusBadRequest, "DryRunOperation", "Request validation has been passed with DryRun flag set.")
	}
	var ids []string
	for range amount {
		n := q.st.makeInstance(q.caller.Account, region, cmp.Or(q.get("InstanceName"), "launch-advisor"), kind, image)
		n.VPC, n.VSwitch, n.Token, n.Created = vpc, vswitch, token, q.now
		ids = append(ids, n.ID)
	}
	q.wrote = true
	return answer{"InstanceIdSets": answer{"InstanceIdSet": ids}}, nil
}

func (st *state) makeInstance(account, region, name, kind, image string) *Instance {
	n := &Instance{ID: st.id("i"), Account: account, Region: region, Name: name, Type: kind, Image: image, IP: fmt.Sprintf("172.16.%d.%d", st.Next/250%250, st.Next%250+2)}
	st.Instances[n.ID] = n
	return n
}

// ids reads a parameter that is a JSON list of ids, as DescribeInstances has it.
func (q *request) ids(name string) (out []string, _ *refusal) {
	v := q.get(name)
	if v == "" {
		return nil, nil
	}
	if json.Unmarshal([]byte(v), &out) != nil || len(out) == 0 || len(out) > 100 {
		return nil, acs.Refuse(http.StatusBadRequest, "InvalidInstanceIds.Malformed", "The amount of specified instance Ids exceeds the limit.")
	}
	return out, nil
}

func (q *request) describeInstances() (answer, *refusal) {
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	number, size, refused := q.pageECS()
	if refused != nil {
		return nil, refused
	}
	ids, refused := q.ids("InstanceIds")
	if refused != nil {
		return nil, refused
	}
	var found []*Instance
	for _, i := range q.st.Instances {
		if i.Account == q.caller.Account && i.Region == region && fits(i.ID, ids...) && fits(i.Image, q.get("ImageId")) && fits(i.Name, q.get("InstanceName")) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b *Instance) int { return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID)) })
	var rows []answer
	for _, i := range cut(found, number, size) {
		rows = append(rows, answer{"InstanceId": i.ID, "InstanceName": i.Name, "RegionId": i.Region, "Status": "Running", "InstanceType": i.Type, "ImageId": i.Image, "CreationTime": i.Created.UTC().Format("2006-01-02T15:04Z"),
			"InstanceChargeType": "PostPaid", "VpcAttributes": answer{"VpcId": i.VPC, "VSwitchId": i.VSwitch, "PrivateIpAddress": answer{"IpAddress": []string{i.IP}}}})
	}
	return answer{"Instances": nest("Instance", rows), "TotalCount": len(found), "PageNumber": number, "PageSize": size}, nil
}

// pageECS reads the pages of ECS: up to 100 rows, 10 when not given.
func (q *request) pageECS() (number, size int, refused *refusal) {
	number, size = 1, 10
	if refused = q.number("PageNumber", 1, 1<<30, &number); refused == nil {
		refused = q.number("PageSize", 1, 100, &size)
	}
	return number, size, refused
}

// deleteInstance releases an instance (page DeleteInstance): one that runs
// only with Force.
func (q *request) deleteInstance() (answer, *refusal) {
	id, refused := q.need("InstanceId")
	if refused != nil {
		return nil, refused
	}
	control.Detail(q.Context(), id)
	i := q.st.Instances[id]
	if i == nil || i.Account != q.caller.Account {
		return nil, acs.Refuse(http.StatusNotFound, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
	}
	force, refused := q.yes("Force", false)
	if refused != nil {
		return nil, refused
	}
	if !force {
		return nil, acs.Refuse(http.StatusForbidden, "IncorrectInstanceStatus", "The current status of the resource does not support this operation.")
	}
	delete(q.st.Instances, id)
	q.wrote = true
	return nil, nil
}

func (q *request) describeImages() (answer, *refusal) {
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	number, size, refused := q.pageECS()
	if refused != nil {
		return nil, refused
	}
	var ids []string
	if v := q.get("ImageId"); v != "" { // up to 100, with commas
		if ids = strings.Split(v, ","); len(ids) > 100 {
			return nil, badValue("ImageId", "at most 100 are allowed")
		}
	}
	var found []*Image
	for _, i := range q.st.Images {
		if i.Account == q.caller.Account && i.Region == region && fits(i.ID, ids...) && fits(i.Name, q.get("ImageName")) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b *Image) int { return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID)) })
	var rows []answer
	for _, i := range cut(found, number, size) {
		os := "linux"
		if i.Windows {
			os = "windows"
		}
		usage := "none"
		if q.st.inUse(i.ID) {
			usage = "instance"
		}
		rows = append(rows, answer{"ImageId": i.ID, "ImageName": i.Name, "Size": i.Size, "OSType": os, "Status": "Available", "Usage": usage, "ImageOwnerAlias": "self", "CreationTime": text(i.Created)})
	}
	return answer{"Images": nest("Image", rows), "TotalCount": len(found), "PageNumber": number, "PageSize": size, "RegionId": region}, nil
}
