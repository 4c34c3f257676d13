using System.Net;
using System.Net.Http.Headers;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Configuration;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Entrepot.Trust.ClientCertificates;
using System.Security.Cryptography.X509Certificates;

namespace Entrepot.FunctionalTests.Access;

/// <summary>Pushes by clients that show a certificate instead of a token.</summary>
public sealed class ClientCertificateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_publisher_pushes_by_certificate_to_its_mirrors_and_to_no_other()
    {
        await using var site = await AccessSite.StartAsync();
        await MirrorAsync(site, "images");
        await MirrorAsync(site, "other");
        using var publisher = site.ClientOf(Role.Publisher, "ci", mirrors: "images");
        using var viewer = site.ClientOf(Role.Viewer);
        using var nobody = site.ClientOf(Role.None);

        (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Created, ""));
        (await PutAsync(publisher, site, "other")).ShouldBe((HttpStatusCode.Forbidden, "access/mirror"));
        (await PutAsync(viewer, site, "images")).ShouldBe((HttpStatusCode.Forbidden, "access/forbidden"));
        (await PutAsync(nobody, site, "images")).ShouldBe((HttpStatusCode.Unauthorized, "access/anonymous"));
        using var node = site.NodeClient("push", NodeRole.Edge);
        (await PutAsync(node, site, "images")).ShouldBe((HttpStatusCode.Forbidden, "access/forbidden"));
    }

    [Fact]
    public async Task A_token_that_is_sent_counts_before_the_certificate()
    {
        await using var site = await AccessSite.StartAsync();
        await MirrorAsync(site, "images");
        using var publisher = site.ClientOf(Role.Publisher);

        publisher.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await site.TokenOfAsync(Role.Viewer));
        (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Forbidden, "access/forbidden"));
        publisher.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "nonsense");
        (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Unauthorized, "token/malformed"));
    }

    [Fact]
    public async Task A_certificate_of_somebody_else_and_one_that_was_revoked_are_refused_with_the_reason()
    {
        await using var site = await AccessSite.StartAsync();
        await using var foreign = await AccessSite.StartAsync();
        await MirrorAsync(site, "images");
        using var key = Certificates.NewKey();
        using var theirs = foreign.Identity.Authority.IssueClient(
            new PublicKey(key), new ClientIdentity(foreign.Identity.Clients.Network, NodeName.Parse("ci"), Role.Publisher, []), TimeSpan.FromHours(1));
        using var stranger = site.ShowOf(Certificates.WithKey(theirs, key));
        (await PutAsync(stranger, site, "images")).ShouldBe((HttpStatusCode.Unauthorized, "authority/wrong-authority"));

        var order = new ClientCertificateOrder(
            new ClientIdentity(site.Identity.Clients.Network, NodeName.Parse("ci"), Role.Publisher, []), Certificates.ReadSigningRequest(Certificates.SigningRequest(key)), TimeSpan.FromHours(1));
        var (made, _) = await site.Identity.Clients.IssueAsync(order, "test", Cancellation);
        using var mine = site.ShowOf(Certificates.WithKey(made, key));
        (await PutAsync(mine, site, "images")).ShouldBe((HttpStatusCode.Created, ""));
        await site.Identity.Clients.RevokeAsync(NodeName.Parse("ci"), "test", Cancellation);
        (await PutAsync(mine, site, "images")).ShouldBe((HttpStatusCode.Unauthorized, "authority/revoked"), "also on a connection that was good when it began");
        made.Dispose();
    }

    [Fact]
    public async Task Orders_on_the_admin_surface_take_a_token_and_no_certificate()
    {
        await using var site = await AccessSite.StartAsync();
        using var admin = site.ClientOf(Role.Admin);

        using var answer = await admin.GetAsync(site.SecureUrl("admin") + "/v1/tokens", Cancellation);

        (answer.StatusCode, await AccessSite.CodeOfAsync(answer)).ShouldBe((HttpStatusCode.Unauthorized, "access/anonymous"));
    }

    [Fact]
    public async Task Where_a_certificate_is_required_to_push_nobody_gets_in_without()
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with
        {
            Push = settings.Push with { Tls = new TlsSettings { ClientCertificates = ClientCertificateMode.Required } },
        });
        await MirrorAsync(site, "images");
        using var publisher = site.ClientOf(Role.Publisher);
        using var nobody = site.ClientOf(Role.None);

        (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Created, ""));
        await Should.ThrowAsync<HttpRequestException>(() => PutAsync(nobody, site, "images"));
    }

    private static async Task MirrorAsync(AccessSite site, string name)
    {
        OperatorToken.Show(site.Http, site.Folder);
        await new EntrepotClient(site.Http, site.Node.Network).CreateMirrorAsync(new CreateMirrorRequest(name), Cancellation);
        site.Http.DefaultRequestHeaders.Authorization = null;
    }

    private static async Task<(HttpStatusCode, string)> PutAsync(HttpClient client, AccessSite site, string mirror)
    {
        using var answer = await client.PutAsync(site.SecureUrl("push") + $"/{mirror}/file", new ByteArrayContent(Guid.NewGuid().ToByteArray()), Cancellation);
        return (answer.StatusCode == HttpStatusCode.OK ? HttpStatusCode.Created : answer.StatusCode, answer.IsSuccessStatusCode ? "" : await AccessSite.CodeOfAsync(answer));
    }
}
