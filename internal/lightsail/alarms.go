package lightsail

import (
	"context"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/alarm"
)

func (d *Door) putAlarm(ctx context.Context, c *call, in *lightsail.PutAlarmInput) (*lightsail.PutAlarmOutput, error) {
	a, err := alarmOf(in)
	if err != nil {
		return nil, err
	}
	if a.BucketName, err = bucketName(in.MonitoredResourceName); err != nil {
		return nil, err
	}
	a.Account, a.Region = c.account(), c.region()
	op, err := d.alarms.Put(ctx, *a)
	if err != nil {
		return nil, err
	}
	return &lightsail.PutAlarmOutput{Operations: operationShapes(op)}, nil
}

// alarmOf reads an alarm and checks it (spec/lightsail-api.md §4).
func alarmOf(in *lightsail.PutAlarmInput) (*keyhaven.Alarm, error) {
	name, err := alarmName(in.AlarmName)
	if err != nil {
		return nil, err
	}
	metric, ok := keyhaven.FindMetric(string(in.MetricName))
	a := &keyhaven.Alarm{
		Name: name, Metric: metric, Comparison: keyhaven.Comparison(in.ComparisonOperator),
		Missing: keyhaven.MissingMissing, Disabled: in.NotificationEnabled != nil && !*in.NotificationEnabled,
		Triggers: []keyhaven.AlarmState{keyhaven.AlarmAlarm},
	}
	switch {
	case in.MetricName == "":
		return nil, missing("metricName")
	case !ok:
		return nil, invalid("There is no metric of this name to watch.")
	case !oneOf(in.ComparisonOperator, in.ComparisonOperator.Values()):
		return nil, invalid("The member comparisonOperator is not an operator.")
	case in.Threshold == nil:
		return nil, missing("threshold")
	case math.IsNaN(*in.Threshold) || math.IsInf(*in.Threshold, 0):
		return nil, invalid("The member threshold must be a number.")
	case in.EvaluationPeriods == nil:
		return nil, missing("evaluationPeriods")
	case *in.EvaluationPeriods < 1 || *in.EvaluationPeriods > keyhaven.MaxAlarmPeriods:
		return nil, invalid("The member evaluationPeriods must be 1 to 288.")
	}
	a.Threshold, a.Periods, a.Datapoints = *in.Threshold, int(*in.EvaluationPeriods), int(*in.EvaluationPeriods)
	if in.DatapointsToAlarm != nil {
		if a.Datapoints = int(*in.DatapointsToAlarm); a.Datapoints < 1 || a.Datapoints > a.Periods {
			return nil, invalid("The member datapointsToAlarm must be 1 to evaluationPeriods.")
		}
	}
	if in.TreatMissingData != "" {
		if !oneOf(in.TreatMissingData, in.TreatMissingData.Values()) {
			return nil, invalid("The member treatMissingData must be breaching, notBreaching, ignore or missing.")
		}
		a.Missing = keyhaven.MissingData(in.TreatMissingData)
	}
	if a.Tags, err = tagsOf(in.Tags); err != nil {
		return nil, err
	}
	if err := keyhaven.ValidateTags(a.Tags); err != nil {
		return nil, err
	}
	return a, alarmContacts(a, in)
}

// alarmContacts reads whom the alarm tells, and of what.
func alarmContacts(a *keyhaven.Alarm, in *lightsail.PutAlarmInput) error {
	for _, p := range in.ContactProtocols {
		switch p := keyhaven.ContactProtocol(p); p {
		case keyhaven.ContactEmail, keyhaven.ContactSMS, keyhaven.ContactWebhook:
			if !oneOf(p, a.Protocols) {
				a.Protocols = append(a.Protocols, p)
			}
		default:
			return invalid("The member contactProtocols must be of Email, SMS and Webhook.")
		}
	}
	if len(in.NotificationTriggers) == 0 {
		return nil
	}
	a.Triggers = nil
	for _, t := range in.NotificationTriggers {
		if !oneOf(t, t.Values()) {
			return invalid("The member notificationTriggers must be of OK, ALARM and INSUFFICIENT_DATA.")
		}
		if t := keyhaven.AlarmState(t); !oneOf(t, a.Triggers) {
			a.Triggers = append(a.Triggers, t)
		}
	}
	if !oneOf(keyhaven.AlarmAlarm, a.Triggers) {
		return invalid("The member notificationTriggers must hold ALARM.")
	}
	return nil
}

func alarmName(s *string) (string, error) {
	if s == nil {
		return "", missing("alarmName")
	}
	return resource(s)
}

func (d *Door) getAlarms(ctx context.Context, c *call, in *lightsail.GetAlarmsInput) (*lightsail.GetAlarmsOutput, error) {
	if _, err := page(in.PageToken); err != nil {
		return nil, err
	}
	alarms, err := d.alarms.List(ctx, c.account(), c.region(), value(in.AlarmName), value(in.MonitoredResourceName))
	if err != nil {
		return nil, err
	}
	out := &lightsail.GetAlarmsOutput{Alarms: []types.Alarm{}}
	for _, a := range alarms {
		out.Alarms = append(out.Alarms, alarmShape(a, time.Now()))
	}
	return out, nil
}

func alarmShape(a *keyhaven.Alarm, now time.Time) types.Alarm {
	bucket := &keyhaven.Bucket{ID: a.Bucket, Account: a.Account, Region: a.Region}
	shape := types.Alarm{
		Name: new(a.Name), Arn: new(a.ARN()), CreatedAt: new(a.CreatedAt), Location: location(a.Region),
		ResourceType: types.ResourceTypeAlarm, SupportCode: new(string(a.Account) + "/" + a.ID.UUID()),
		MonitoredResourceInfo: &types.MonitoredResourceInfo{Arn: new(bucket.ARN()), Name: new(a.BucketName), ResourceType: types.ResourceTypeBucket},
		ComparisonOperator:    types.ComparisonOperator(a.Comparison), EvaluationPeriods: new(int32(a.Periods)),
		Period: new(int32(keyhaven.AlarmPeriod / time.Second)), Threshold: new(a.Threshold), DatapointsToAlarm: new(int32(a.Datapoints)),
		TreatMissingData: types.TreatMissingData(a.Missing), Statistic: types.MetricStatistic(alarm.Statistic(a.Metric)),
		MetricName: types.MetricName(a.Metric.String()), State: types.AlarmState(a.Shown(now)), Unit: types.MetricUnit(a.Metric.Unit()),
		ContactProtocols: []types.ContactProtocol{}, NotificationTriggers: []types.AlarmState{},
		NotificationEnabled: new(!a.Disabled), Tags: tagShapes(a.Tags),
	}
	for _, p := range a.Protocols {
		shape.ContactProtocols = append(shape.ContactProtocols, types.ContactProtocol(p))
	}
	for _, t := range a.Triggers {
		shape.NotificationTriggers = append(shape.NotificationTriggers, types.AlarmState(t))
	}
	return shape
}

func (d *Door) deleteAlarm(ctx context.Context, c *call, in *lightsail.DeleteAlarmInput) (*lightsail.DeleteAlarmOutput, error) {
	name, err := alarmName(in.AlarmName)
	if err != nil {
		return nil, err
	}
	op, err := d.alarms.Delete(ctx, c.account(), c.region(), name)
	if err != nil {
		return nil, err
	}
	return &lightsail.DeleteAlarmOutput{Operations: operationShapes(op)}, nil
}

func (d *Door) testAlarm(ctx context.Context, c *call, in *lightsail.TestAlarmInput) (*lightsail.TestAlarmOutput, error) {
	name, err := alarmName(in.AlarmName)
	if err != nil {
		return nil, err
	}
	if in.State == "" {
		return nil, missing("state")
	}
	if !oneOf(in.State, in.State.Values()) {
		return nil, invalid("The member state must be OK, ALARM or INSUFFICIENT_DATA.")
	}
	op, err := d.alarms.Test(ctx, c.account(), c.region(), name, keyhaven.AlarmState(in.State))
	if err != nil {
		return nil, err
	}
	return &lightsail.TestAlarmOutput{Operations: operationShapes(op)}, nil
}
