using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.FunctionalTests.Access;
using Entrepot.FunctionalTests.Enrolment;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Entrepot.Trust.ClientCertificates;
using Entrepot.Trust.Enrolment;

namespace Entrepot.FunctionalTests.Audit;

public sealed class AuditServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-audit-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Its_port_comes_from_the_pool_and_nobody_gets_in_without_TLS_1_3_and_a_certificate()
    {
        await using var site = await AccessSite.StartAsync();
        var surface = site.Node.Network.Surfaces.Single(static known => known.Surface == "audit");
        surface.Port.ShouldBeInRange(54321, 54400);
        new Uri(surface.Url).Scheme.ShouldBe("https");

        (await ClearTextAsync(surface.Port)).ShouldBeEmpty();
        using var nobody = site.ClientOf(Role.None);
        await Should.ThrowAsync<HttpRequestException>(() => nobody.GetAsync(site.SecureUrl("audit") + "/healthz", Cancellation));
        using var old = site.ClientOf(Role.Auditor, versions: SslProtocols.Tls12);
        await Should.ThrowAsync<HttpRequestException>(() => old.GetAsync(site.SecureUrl("audit") + "/healthz", Cancellation));
        using var auditor = site.ClientOf(Role.Auditor);
        (await auditor.GetAsync(site.SecureUrl("audit") + "/healthz", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_auditor_reads_proves_and_exports_by_certificate_and_is_named_in_the_journal()
    {
        await using var site = await AccessSite.StartAsync();
        using var auditor = site.ClientOf(Role.Auditor, "ann");
        var audit = site.SecureUrl("audit");

        var page = await auditor.GetFromJsonAsync(audit + "/v1/journal?count=5", ApiJson.Default.IReadOnlyListJournalEntryDocument, Cancellation);
        page![^1].ShouldSatisfyAllConditions(static entry => entry.Action.ShouldBe("journal.read"), static entry => entry.Who.ShouldBe("certificate:ann"));
        using var proof = await auditor.PostAsJsonAsync(audit + "/v1/journal/verify", new AuditRequest(), ApiJson.Default.AuditRequest, Cancellation);
        (await proof.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("\"break\"");
        await using var export = await auditor.GetStreamAsync(audit + "/v1/journal/export", Cancellation);
        (await JournalExportVerifier.VerifyAsync(export, new JournalWitness(), null, Cancellation)).Break.ShouldBeNull();
    }

    [Fact]
    public async Task Of_the_nodes_only_the_audit_service_reads_the_journal()
    {
        await using var site = await AccessSite.StartAsync();
        using var edge = site.NodeClient("metadata", NodeRole.Edge);
        using var audit = site.NodeClient("metadata", NodeRole.Audit);

        (await edge.GetAsync(site.SecureUrl("metadata") + "/v1/journal/export", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await audit.GetAsync(site.SecureUrl("metadata") + "/v1/journal/export", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task On_another_node_it_follows_the_origin_and_goes_on_without_it()
    {
        var site = await AccessSite.StartAsync();
        await using var watch = await JoinAsync(site);
        using var auditor = site.ClientOf(Role.Auditor, "ann");
        using var viewer = site.ClientOf(Role.Viewer);
        var audit = new Uri(watch.Network.Surfaces.ShouldHaveSingleItem().Url);
        await site.MakeAsync(new CreateTokenRequest(["viewer"], 3600, "after-the-join"));

        await Poll(async () => (await ReadAsync()).Any(static entry => entry.Subject == "after-the-join"));
        (await viewer.GetAsync(new Uri(audit, "/v1/journal"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        await Poll(async () => (await site.Http.GetFromJsonAsync(site.Node.Network.Surfaces.First(static s => s.Surface == "metadata").Url + "/v1/nodes", ApiJson.Default.IReadOnlyListNodeDocument, Cancellation))!
            .Any(static node => node.Last.Node == "watch" && node.Last.Role == "audit" && node.State == "healthy"));
        await site.DisposeAsync();

        (await ReadAsync()).ShouldContain(static entry => entry.Subject == "after-the-join");
        using var proof = await auditor.PostAsJsonAsync(new Uri(audit, "/v1/journal/verify"), new AuditRequest(), ApiJson.Default.AuditRequest, Cancellation);
        (await proof.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("\"break\"");
        var copy = await auditor.GetFromJsonAsync(new Uri(audit, "/v1/journal/copy"), ApiJson.Default.JournalCopyDocument, Cancellation);
        (copy!.State, copy.Break).ShouldBe(("following", null));

        async Task<IReadOnlyList<JournalEntryDocument>> ReadAsync()
            => (await auditor.GetFromJsonAsync(new Uri(audit, "/v1/journal?action=token"), ApiJson.Default.IReadOnlyListJournalEntryDocument, Cancellation))!;
    }

    [Fact]
    public async Task A_certificate_that_was_revoked_at_the_origin_is_refused_after_the_next_heart_beat()
    {
        await using var site = await AccessSite.StartAsync();
        await using var watch = await JoinAsync(site);
        var audit = new Uri(watch.Network.Surfaces.ShouldHaveSingleItem().Url);
        using var key = Certificates.NewKey();
        var order = new ClientCertificateOrder(
            new ClientIdentity(site.Identity.Clients.Network, NodeName.Parse("ann"), Role.Auditor, []), Certificates.ReadSigningRequest(Certificates.SigningRequest(key)), TimeSpan.FromHours(1));
        var (made, _) = await site.Identity.Clients.IssueAsync(order, "test", Cancellation);
        using var auditor = site.ShowOf(Certificates.WithKey(made, key));
        (await auditor.GetAsync(new Uri(audit, "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await site.Identity.Clients.RevokeAsync(NodeName.Parse("ann"), "test", Cancellation);

        await Poll(() => Task.FromResult(((MemberIdentity)watch.Identity).Trust.Current.Revocations.Any(static one => one.IsClient && one.Name.Value == "ann")));
        using var same = await auditor.GetAsync(new Uri(audit, "/v1/journal"), Cancellation);
        (same.StatusCode, await AccessSite.CodeOfAsync(same)).ShouldBe((HttpStatusCode.Unauthorized, "authority/revoked"), "the connection was there before");
        using var again = site.ShowOf(Certificates.WithKey(made, key));
        await Should.ThrowAsync<HttpRequestException>(() => again.GetAsync(new Uri(audit, "/healthz"), Cancellation));
        made.Dispose();
    }

    private async Task<Node> JoinAsync(AccessSite site)
    {
        var (token, _) = await Joining.EnrolmentOf(site.Node).CreateTokenAsync(new TokenOrder(NodeRole.Audit, null, null, TimeSpan.FromHours(1)), "test");
        var settings = Settings.Default with
        {
            DataFolder = Path.Combine(_folder, "watch"), Node = NodeName.Parse("watch"), HeartbeatInterval = TimeSpan.FromMilliseconds(200),
            Journal = Settings.Default.Journal with { CopyInterval = TimeSpan.FromMilliseconds(200) },
        };
        var plan = new NodePlan(NodeRoles.Audit, settings, PublishRuntime: false) { Join = new JoinOrder(Joining.AddressOf(site.Node), token.Reveal()) };
        return await Node.StartAsync(plan, TestLog.Factory, TimeProvider.System, Cancellation);
    }

    /// <summary>What comes back for a plain request.</summary>
    private static async Task<string> ClearTextAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        await using var stream = client.GetStream();
        await stream.WriteAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancellation);
        var (buffer, length) = (new byte[4096], 0);
        try
        {
            length = await stream.ReadAsync(buffer, Cancellation);
        }
        catch (IOException)
        {
            // Reset: nothing was said either.
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    private static async Task Poll(Func<Task<bool>> fact)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await fact())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Delay(20, Cancellation);
        }
    }
}
