package lightsail

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
)

func (d *Door) createContactMethod(ctx context.Context, c *call, in *lightsail.CreateContactMethodInput) (*lightsail.CreateContactMethodOutput, error) {
	if in.Protocol == "" {
		return nil, missing("protocol")
	}
	endpoint, err := nonEmpty("contactEndpoint", in.ContactEndpoint)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := keyhaven.ValidateTags(tags); err != nil {
		return nil, err
	}
	op, err := d.alarms.CreateContact(ctx, keyhaven.Contact{
		Account: c.account(), Region: c.region(), Protocol: keyhaven.ContactProtocol(in.Protocol), Endpoint: endpoint, Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return &lightsail.CreateContactMethodOutput{Operations: operationShapes(op)}, nil
}

func (d *Door) getContactMethods(ctx context.Context, c *call, in *lightsail.GetContactMethodsInput) (*lightsail.GetContactMethodsOutput, error) {
	var protocols []keyhaven.ContactProtocol
	for _, p := range in.Protocols {
		protocols = append(protocols, keyhaven.ContactProtocol(p))
	}
	contacts, err := d.alarms.Contacts(ctx, c.account(), c.region(), protocols)
	if err != nil {
		return nil, err
	}
	out := &lightsail.GetContactMethodsOutput{ContactMethods: []types.ContactMethod{}}
	for _, m := range contacts {
		out.ContactMethods = append(out.ContactMethods, types.ContactMethod{
			Name: new(string(m.Protocol)), Arn: new(m.ARN()), CreatedAt: new(m.CreatedAt), Location: location(m.Region),
			ResourceType: types.ResourceTypeContactMethod, SupportCode: new(string(m.Account) + "/" + m.ID.UUID()),
			Protocol: types.ContactProtocol(m.Protocol), ContactEndpoint: new(m.Endpoint),
			Status: types.ContactMethodStatus(m.Status(time.Now())), Tags: tagShapes(m.Tags),
		})
	}
	return out, nil
}

func (d *Door) deleteContactMethod(ctx context.Context, c *call, in *lightsail.DeleteContactMethodInput) (*lightsail.DeleteContactMethodOutput, error) {
	if in.Protocol == "" {
		return nil, missing("protocol")
	}
	op, err := d.alarms.DeleteContact(ctx, c.account(), c.region(), keyhaven.ContactProtocol(in.Protocol))
	if err != nil {
		return nil, err
	}
	return &lightsail.DeleteContactMethodOutput{Operations: operationShapes(op)}, nil
}

func (d *Door) sendContactMethodVerification(ctx context.Context, c *call, in *lightsail.SendContactMethodVerificationInput) (*lightsail.SendContactMethodVerificationOutput, error) {
	if in.Protocol == "" {
		return nil, missing("protocol")
	}
	if in.Protocol != types.ContactMethodVerificationProtocolEmail {
		return nil, invalid("The member protocol must be Email.")
	}
	op, err := d.alarms.Invite(ctx, c.account(), c.region())
	if err != nil {
		return nil, err
	}
	return &lightsail.SendContactMethodVerificationOutput{Operations: operationShapes(op)}, nil
}
