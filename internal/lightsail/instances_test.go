package lightsail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func machinesInput(names ...string) *sdk.CreateInstancesInput {
	return &sdk.CreateInstancesInput{
		InstanceNames: names, AvailabilityZone: aws.String("us-east-2a"),
		BlueprintId: aws.String("debian_12"), BundleId: aws.String("nano_3_0"),
	}
}

func enrol(t *testing.T, s *server, name string) {
	t.Helper()
	if _, _, err := s.machines.RegisterInstance(t.Context(), ownAccount, "us-east-2", name); err != nil {
		t.Fatal(err)
	}
}

func state(t *testing.T, c *sdk.Client, name string) string {
	t.Helper()
	out := must(c.GetInstanceState(t.Context(), &sdk.GetInstanceStateInput{InstanceName: &name}))(t)
	return fmt.Sprint(aws.ToInt32(out.State.Code), " ", aws.ToString(out.State.Name))
}

// TestInstanceStates: what each call makes of a machine in each state.
func TestInstanceStates(t *testing.T) {
	calls := map[string]func(*sdk.Client, *testing.T, *string) ([]types.Operation, error){
		"start": func(c *sdk.Client, t *testing.T, name *string) ([]types.Operation, error) {
			out, err := c.StartInstance(t.Context(), &sdk.StartInstanceInput{InstanceName: name})
			if err != nil {
				return nil, err
			}
			return out.Operations, nil
		},
		"stop": func(c *sdk.Client, t *testing.T, name *string) ([]types.Operation, error) {
			out, err := c.StopInstance(t.Context(), &sdk.StopInstanceInput{InstanceName: name, Force: aws.Bool(true)})
			if err != nil {
				return nil, err
			}
			return out.Operations, nil
		},
		"reboot": func(c *sdk.Client, t *testing.T, name *string) ([]types.Operation, error) {
			out, err := c.RebootInstance(t.Context(), &sdk.RebootInstanceInput{InstanceName: name})
			if err != nil {
				return nil, err
			}
			return out.Operations, nil
		},
		"delete": func(c *sdk.Client, t *testing.T, name *string) ([]types.Operation, error) {
			out, err := c.DeleteInstance(t.Context(), &sdk.DeleteInstanceInput{InstanceName: name, ForceDeleteAddOns: aws.Bool(true)})
			if err != nil {
				return nil, err
			}
			return out.Operations, nil
		},
	}
	typeOf := map[string]string{"start": "StartInstance", "stop": "StopInstance", "reboot": "RebootInstance", "delete": "DeleteInstance"}
	for _, row := range []struct{ from, call, to string }{ // to: a state, gone, or an exception
		{"pending", "start", "InvalidInputException"},
		{"pending", "stop", "InvalidInputException"},
		{"pending", "reboot", "InvalidInputException"},
		{"pending", "delete", "gone"},
		{"running", "start", "16 running"},
		{"running", "stop", "80 stopped"},
		{"running", "reboot", "16 running"},
		{"running", "delete", "gone"},
		{"stopped", "start", "16 running"},
		{"stopped", "stop", "80 stopped"},
		{"stopped", "reboot", "InvalidInputException"},
		{"stopped", "delete", "gone"},
		{"missing", "start", "NotFoundException"},
		{"missing", "stop", "NotFoundException"},
		{"missing", "reboot", "NotFoundException"},
		{"missing", "delete", "NotFoundException"},
	} {
		t.Run(row.from+" "+row.call, func(t *testing.T) {
			s := newServer(t)
			c := s.client(root, "us-east-2")
			name := aws.String("web-1")
			if row.from != "missing" {
				must(c.CreateInstances(t.Context(), machinesInput("web-1")))(t)
			}
			if row.from == "running" || row.from == "stopped" {
				enrol(t, s, "web-1")
			}
			if row.from == "stopped" {
				must(calls["stop"](c, t, name))(t)
				enrol(t, s, "web-1") // a new token does not start it
			}
			ops, err := calls[row.call](c, t, name)
			if strings.HasSuffix(row.to, "Exception") {
				wantError(t, err, row.to)
				return
			}
			if err != nil || len(ops) != 1 || string(ops[0].OperationType) != typeOf[row.call] || *ops[0].ResourceName != "web-1" || ops[0].ResourceType != "Instance" {
				t.Fatalf("operations = %+v, %v", ops, err)
			}
			if got := must(c.GetOperation(t.Context(), &sdk.GetOperationInput{OperationId: ops[0].Id}))(t); *got.Operation.Id != *ops[0].Id {
				t.Errorf("GetOperation = %+v", got.Operation)
			}
			if row.to == "gone" {
				_, err := c.GetInstance(t.Context(), &sdk.GetInstanceInput{InstanceName: name})
				wantError(t, err, "NotFoundException")
				must(c.CreateInstances(t.Context(), machinesInput("web-1")))(t) // the name is free again
			} else if got := state(t, c, "web-1"); got != row.to {
				t.Errorf("state = %s, want %s", got, row.to)
			}
		})
	}
}

// TestCreateInstancesRefuses what is not there, and what it could not do.
func TestCreateInstancesRefuses(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	must(c.CreateInstances(t.Context(), machinesInput("taken")))(t)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("m-", i)
	}
	for name, change := range map[string]func(*sdk.CreateInstancesInput){
		"no names":      func(in *sdk.CreateInstancesInput) { in.InstanceNames = []string{} },
		"many names":    func(in *sdk.CreateInstancesInput) { in.InstanceNames = many },
		"bad name":      func(in *sdk.CreateInstancesInput) { in.InstanceNames = []string{"fine", "-"} },
		"taken":         func(in *sdk.CreateInstancesInput) { in.InstanceNames = []string{"fine", "taken"} },
		"other letters": func(in *sdk.CreateInstancesInput) { in.InstanceNames = []string{"TAKEN"} },
		"twice":         func(in *sdk.CreateInstancesInput) { in.InstanceNames = []string{"fine", "fine"} },
		"a bucket":      func(in *sdk.CreateInstancesInput) { in.InstanceNames = []string{"photos"} },
		"other zone":    func(in *sdk.CreateInstancesInput) { in.AvailabilityZone = aws.String("us-east-1a") },
		"no letter":     func(in *sdk.CreateInstancesInput) { in.AvailabilityZone = aws.String("us-east-2") },
		"no blueprint":  func(in *sdk.CreateInstancesInput) { in.BlueprintId = aws.String(" ") },
		"long bundle":   func(in *sdk.CreateInstancesInput) { in.BundleId = aws.String(strings.Repeat("x", 256)) },
		"user data":     func(in *sdk.CreateInstancesInput) { in.UserData = aws.String("#!/bin/sh") },
		"key pair":      func(in *sdk.CreateInstancesInput) { in.KeyPairName = aws.String("mine") },
		"ipv6 alone":    func(in *sdk.CreateInstancesInput) { in.IpAddressType = types.IpAddressTypeIpv6 },
		"an add-on": func(in *sdk.CreateInstancesInput) {
			in.AddOns = []types.AddOnRequest{{AddOnType: types.AddOnTypeAutoSnapshot}}
		},
		"tag without":    func(in *sdk.CreateInstancesInput) { in.Tags = []types.Tag{{Key: aws.String("")}} },
		"a reserved tag": func(in *sdk.CreateInstancesInput) { in.Tags = []types.Tag{{Key: aws.String("aws:x")}} },
	} {
		in := machinesInput("fine")
		change(in)
		_, err := c.CreateInstances(t.Context(), in)
		t.Run(name, func(t *testing.T) { wantError(t, err, "InvalidInputException") })
	}
	if out := must(c.GetInstances(t.Context(), nil))(t); len(out.Instances) != 1 {
		t.Errorf("refused calls left %d machines", len(out.Instances)-1)
	}
}

// TestGetInstances: pages, regions and accounts.
func TestGetInstances(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	var names []string
	for i := range 130 {
		names = append(names, fmt.Sprintf("m-%03d", i))
	}
	must(c.CreateInstances(t.Context(), machinesInput(names[:100]...)))(t)
	must(c.CreateInstances(t.Context(), machinesInput(names[100:]...)))(t)
	far := machinesInput("far")
	far.AvailabilityZone = aws.String("eu-west-1b")
	must(s.client(root, "eu-west-1").CreateInstances(t.Context(), far))(t)
	must(s.client(otherRoot, "us-east-2").CreateInstances(t.Context(), machinesInput("m-000")))(t)
	var got []string
	in := &sdk.GetInstancesInput{}
	for pages := 0; ; pages++ {
		out := must(c.GetInstances(t.Context(), in))(t)
		for _, i := range out.Instances {
			got = append(got, *i.Name)
		}
		if in.PageToken = out.NextPageToken; in.PageToken == nil {
			if pages != 1 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("instances = %v", got)
	}
	if active := must(c.GetActiveNames(t.Context(), nil))(t).ActiveNames; !slices.Equal(active, names) {
		t.Errorf("active names = %v", active)
	}
	_, err := c.GetInstances(t.Context(), &sdk.GetInstancesInput{PageToken: aws.String("=")})
	wantError(t, err, "InvalidInputException")
	_, err = c.GetInstance(t.Context(), &sdk.GetInstanceInput{InstanceName: aws.String("far")})
	wantError(t, err, "NotFoundException")
	for i := range 9 { // up to the limit of 1000, and not beyond
		for n := range names {
			names[n] = fmt.Sprintf("n-%d-%03d", i, n)
		}
		_, err = c.CreateInstances(t.Context(), machinesInput(names[:100]...))
	}
	wantError(t, err, "InvalidInputException")
	if !strings.Contains(err.Error(), "limit of instances") {
		t.Errorf("beyond the limit: %v", err)
	}
}

// TestRES04_NotRunning: a pending machine is refused; a stopped one is not.
func TestRES04_NotRunning(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	must(c.CreateInstances(t.Context(), machinesInput("web-1")))(t)
	attach := &sdk.SetResourceAccessForBucketInput{BucketName: aws.String("photos"), ResourceName: aws.String("web-1"), Access: types.ResourceBucketAccessAllow}
	_, err := c.SetResourceAccessForBucket(t.Context(), attach)
	wantError(t, err, "InvalidInputException")
	enrol(t, s, "web-1")
	must(c.StopInstance(t.Context(), &sdk.StopInstanceInput{InstanceName: aws.String("web-1")}))(t)
	must(c.SetResourceAccessForBucket(t.Context(), attach))(t)
	b, err := s.buckets.Get(t.Context(), "photos")
	if err != nil || len(b.Receivers) != 1 {
		t.Fatalf("receivers = %v, %v", b.Receivers, err)
	}
	must(c.DeleteInstance(t.Context(), &sdk.DeleteInstanceInput{InstanceName: aws.String("web-1")}))(t)
	if b, err = s.buckets.Get(t.Context(), "photos"); err != nil || len(b.Receivers) != 0 {
		t.Errorf("receivers after the machine is gone = %v, %v", b.Receivers, err)
	}
}

// TestInstanceTags: from the start, by name, and as conditions of policies.
func TestInstanceTags(t *testing.T) {
	s := newServer(t)
	c, set := s.user(t)
	set(`{"Effect":"Allow","Action":"lightsail:*","Resource":"*"}`)
	in := machinesInput("Web_1.x", "web-2")
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}
	must(c.CreateInstances(t.Context(), in))(t)
	name := aws.String("Web_1.x")
	got := must(c.GetInstance(t.Context(), &sdk.GetInstanceInput{InstanceName: name}))(t).Instance
	must(c.TagResource(t.Context(), &sdk.TagResourceInput{ResourceName: name, ResourceArn: got.Arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("b")}, {Key: aws.String("x")}}}))(t)
	must(c.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceName: name, TagKeys: []string{"x"}}))(t)
	if got = must(c.GetInstance(t.Context(), &sdk.GetInstanceInput{InstanceName: name}))(t).Instance; len(got.Tags) != 1 || *got.Tags[0].Value != "b" {
		t.Errorf("tags = %+v", got.Tags)
	}
	_, err := c.TagResource(t.Context(), &sdk.TagResourceInput{ResourceName: name, ResourceArn: aws.String("arn:aws:lightsail:x"), Tags: got.Tags})
	wantError(t, err, "InvalidInputException")

	set(`{"Effect":"Allow","Action":["lightsail:DeleteInstance","lightsail:TagResource"],"Resource":"arn:aws:lightsail:*:*:Instance/*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}`)
	_, err = c.DeleteInstance(t.Context(), &sdk.DeleteInstanceInput{InstanceName: name})
	wantError(t, err, "AccessDeniedException")
	_, err = c.TagResource(t.Context(), &sdk.TagResourceInput{ResourceName: name, Tags: got.Tags})
	wantError(t, err, "AccessDeniedException")
	must(c.DeleteInstance(t.Context(), &sdk.DeleteInstanceInput{InstanceName: aws.String("web-2")}))(t)
	set(`{"Effect":"Allow","Action":"lightsail:CreateInstances","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"a"}}}`)
	in.InstanceNames = []string{"web-3"}
	must(c.CreateInstances(t.Context(), in))(t)
	_, err = c.CreateInstances(t.Context(), machinesInput("web-4"))
	wantError(t, err, "AccessDeniedException")
}
