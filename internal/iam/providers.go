package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven/internal/query"
)

func (d *Door) createProvider(ctx context.Context, c *query.Call, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	p, err := d.ids.CreateProvider(ctx, c.Account(), *in.Url, in.ClientIDList, in.ThumbprintList, tagsOf(in.Tags))
	if err != nil {
		return nil, err
	}
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: new(p.ARN()), Tags: tagsOrNone(p.Tags)}, nil
}

func (d *Door) getProvider(ctx context.Context, c *query.Call, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	p, err := d.ids.Provider(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn).Name)
	if err != nil {
		return nil, err
	}
	return &iam.GetOpenIDConnectProviderOutput{
		Url: new(p.Name), ClientIDList: append([]string{}, p.ClientIDs...), ThumbprintList: append([]string{}, p.Thumbprints...),
		CreateDate: new(p.CreatedAt), Tags: tagsOrNone(p.Tags),
	}, nil
}

func (d *Door) listProviders(ctx context.Context, c *query.Call, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	all, err := d.ids.Providers(ctx, c.Account())
	out := &iam.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: make([]types.OpenIDConnectProviderListEntry, len(all))}
	for i, p := range all {
		out.OpenIDConnectProviderList[i].Arn = new(p.ARN())
	}
	return out, err
}

func (d *Door) deleteProvider(ctx context.Context, c *query.Call, in *iam.DeleteOpenIDConnectProviderInput) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	return &iam.DeleteOpenIDConnectProviderOutput{}, d.ids.DeleteProvider(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn).Name)
}

func (d *Door) addClientID(ctx context.Context, c *query.Call, in *iam.AddClientIDToOpenIDConnectProviderInput) (*iam.AddClientIDToOpenIDConnectProviderOutput, error) {
	return &iam.AddClientIDToOpenIDConnectProviderOutput{}, d.ids.ChangeClientID(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn).Name, *in.ClientID, true)
}

func (d *Door) removeClientID(ctx context.Context, c *query.Call, in *iam.RemoveClientIDFromOpenIDConnectProviderInput) (*iam.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	return &iam.RemoveClientIDFromOpenIDConnectProviderOutput{}, d.ids.ChangeClientID(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn).Name, *in.ClientID, false)
}

func (d *Door) updateThumbprint(ctx context.Context, c *query.Call, in *iam.UpdateOpenIDConnectProviderThumbprintInput) (*iam.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	return &iam.UpdateOpenIDConnectProviderThumbprintOutput{}, d.ids.SetThumbprints(ctx, c.Account(), providerHolder(c, in.OpenIDConnectProviderArn).Name, in.ThumbprintList)
}
