package lightsail_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func fullAlarm(name string) *sdk.PutAlarmInput {
	return &sdk.PutAlarmInput{
		AlarmName: aws.String(name), MetricName: "BucketSizeBytes", MonitoredResourceName: aws.String("photos"),
		ComparisonOperator: "GreaterThanOrEqualToThreshold", Threshold: aws.Float64(75), EvaluationPeriods: aws.Int32(1),
	}
}

func getAlarms(t *testing.T, c *sdk.Client, in sdk.GetAlarmsInput) []types.Alarm {
	t.Helper()
	return must(c.GetAlarms(t.Context(), &in))(t).Alarms
}

func TestALM02_PutAlarm(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "photos")
	out := must(c.PutAlarm(t.Context(), fullAlarm("full")))(t)
	if len(out.Operations) != 1 || out.Operations[0].OperationType != types.OperationTypePutAlarm || out.Operations[0].ResourceType != types.ResourceTypeAlarm {
		t.Errorf("operations = %+v", out.Operations)
	}
	a := getAlarms(t, c, sdk.GetAlarmsInput{AlarmName: aws.String("full")})[0]
	if a.State != types.AlarmStateInsufficientData || a.Statistic != types.MetricStatisticMaximum || a.Unit != types.MetricUnitBytes ||
		aws.ToInt32(a.Period) != 300 || aws.ToInt32(a.DatapointsToAlarm) != 1 || a.TreatMissingData != types.TreatMissingDataMissing ||
		aws.ToString(a.MonitoredResourceInfo.Name) != "photos" || a.MonitoredResourceInfo.ResourceType != types.ResourceTypeBucket ||
		!aws.ToBool(a.NotificationEnabled) || len(a.NotificationTriggers) != 1 || a.NotificationTriggers[0] != types.AlarmStateAlarm {
		t.Errorf("alarm = %+v", a)
	}
	for name, change := range map[string]func(*sdk.PutAlarmInput){
		"metric":   func(in *sdk.PutAlarmInput) { in.MetricName = "CPUUtilization" },
		"operator": func(in *sdk.PutAlarmInput) { in.ComparisonOperator = "Equal" },
		"periods":  func(in *sdk.PutAlarmInput) { in.EvaluationPeriods = aws.Int32(289) },
		"points":   func(in *sdk.PutAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) },
		"missing":  func(in *sdk.PutAlarmInput) { in.TreatMissingData = "guess" },
		"protocol": func(in *sdk.PutAlarmInput) { in.ContactProtocols = []types.ContactProtocol{"Pigeon"} },
		"triggers": func(in *sdk.PutAlarmInput) { in.NotificationTriggers = []types.AlarmState{types.AlarmStateOk} },
		"name":     func(in *sdk.PutAlarmInput) { in.AlarmName = aws.String("-") },
	} {
		in := fullAlarm("other")
		change(in)
		if _, err := c.PutAlarm(t.Context(), in); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			wantError(t, err, "InvalidInputException")
		}
	}
	in := fullAlarm("other")
	in.MonitoredResourceName = aws.String("nowhere")
	_, err := c.PutAlarm(t.Context(), in)
	wantError(t, err, "NotFoundException")
}

func TestALM03_TwoAlarmsPerMetric(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "photos")
	for i := range 2 {
		must(c.PutAlarm(t.Context(), fullAlarm(fmt.Sprint("alarm-", i))))(t)
	}
	_, err := c.PutAlarm(t.Context(), fullAlarm("alarm-2"))
	wantError(t, err, "InvalidInputException")
	must(c.PutAlarm(t.Context(), fullAlarm("alarm-1")))(t) // replaces
	in := fullAlarm("objects")
	in.MetricName = "NumberOfObjects"
	must(c.PutAlarm(t.Context(), in))(t)
	if got := getAlarms(t, c, sdk.GetAlarmsInput{MonitoredResourceName: aws.String("photos")}); len(got) != 3 {
		t.Errorf("%d alarms", len(got))
	}
}

func TestALM08_EditDisableDelete(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	must(c.PutAlarm(t.Context(), fullAlarm("full")))(t)
	in := fullAlarm("full")
	in.Threshold, in.NotificationEnabled = aws.Float64(80), aws.Bool(false)
	must(c.PutAlarm(t.Context(), in))(t)
	if a := getAlarms(t, c, sdk.GetAlarmsInput{}); len(a) != 1 || aws.ToFloat64(a[0].Threshold) != 80 || aws.ToBool(a[0].NotificationEnabled) {
		t.Errorf("alarms = %+v", a)
	}
	if a := getAlarms(t, s.client(root, "eu-west-1"), sdk.GetAlarmsInput{}); len(a) != 0 {
		t.Errorf("in another Region: %+v", a)
	}
	if a := getAlarms(t, s.client(otherRoot, "us-east-2"), sdk.GetAlarmsInput{}); len(a) != 0 {
		t.Errorf("in another account: %+v", a)
	}
	must(c.DeleteAlarm(t.Context(), &sdk.DeleteAlarmInput{AlarmName: aws.String("full")}))(t)
	_, err := c.GetAlarms(t.Context(), &sdk.GetAlarmsInput{AlarmName: aws.String("full")})
	wantError(t, err, "NotFoundException")
	_, err = c.DeleteAlarm(t.Context(), &sdk.DeleteAlarmInput{AlarmName: aws.String("full")})
	wantError(t, err, "NotFoundException")
}

func TestNOT03_ListAndDelete(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	must(c.CreateContactMethod(t.Context(), &sdk.CreateContactMethodInput{Protocol: types.ContactProtocolEmail, ContactEndpoint: aws.String("a@b.example")}))(t)
	must(c.CreateContactMethod(t.Context(), &sdk.CreateContactMethodInput{Protocol: "Webhook", ContactEndpoint: aws.String("https://a.example/x")}))(t)
	all := must(c.GetContactMethods(t.Context(), nil))(t).ContactMethods
	if len(all) != 2 || all[0].Status != types.ContactMethodStatusPendingVerification || all[1].Status != types.ContactMethodStatusValid || aws.ToString(all[0].ContactEndpoint) != "a@b.example" {
		t.Errorf("contacts = %+v", all)
	}
	must(c.DeleteContactMethod(t.Context(), &sdk.DeleteContactMethodInput{Protocol: types.ContactProtocolEmail}))(t)
	if left := must(c.GetContactMethods(t.Context(), &sdk.GetContactMethodsInput{Protocols: []types.ContactProtocol{"Email"}}))(t).ContactMethods; len(left) != 0 {
		t.Errorf("contacts = %+v", left)
	}
	_, err := c.CreateContactMethod(t.Context(), &sdk.CreateContactMethodInput{Protocol: types.ContactProtocolSms, ContactEndpoint: aws.String("+15555550123")})
	wantError(t, err, "InvalidInputException")
}
