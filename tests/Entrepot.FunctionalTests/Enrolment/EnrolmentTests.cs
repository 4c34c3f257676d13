using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;
using Entrepot.Server.Http;
using Entrepot.Server.Nodes;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;

namespace Entrepot.FunctionalTests.Enrolment;

public sealed class EnrolmentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-enrolment-").FullName;
    private readonly HttpClient _http = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_machine_joins_once_by_token_and_comes_back_without_one()
    {
        await using var origin = await OriginAsync();
        var order = await Joining.OrderAsync(origin, "berlin");
        await using (await EdgeAsync("cache-1", order))
            await UntilKnownAsync(origin, "cache-1");

        await using var again = await EdgeAsync("cache-1", null);

        await UntilKnownAsync(origin, "cache-1");
        var node = Joining.EnrolmentOf(origin).Nodes.ShouldHaveSingleItem();
        (node.Name.Value, node.Role, node.Site, node.RevokedAt).ShouldBe(("cache-1", NodeRole.Edge, "berlin", null));
        (await NodesAsync(origin)).Single().Last.Site.ShouldBe("berlin");
        File.ReadAllText(Path.Combine(_folder, "cache-1", "trust", "node.json")).ShouldNotContain("PRIVATE KEY");
        File.ReadAllText(Path.Combine(_folder, "cache-1", "trust", "ca.pem")).ShouldBe(File.ReadAllText(Path.Combine(_folder, "origin", "trust", "ca.pem")));
    }

    [Fact]
    public async Task A_used_a_wrong_and_a_foreign_token_are_refused_by_name_and_journalled()
    {
        await using var origin = await OriginAsync();
        await using var other = await OriginAsync("other");
        var order = await Joining.OrderAsync(origin);
        await using (await EdgeAsync("cache-1", order))
        {
        }

        await RefusedAsync("cache-2", order, EnrolmentFault.UsedToken);
        await RefusedAsync("cache-2", order with { Token = JoinToken.Create(JoinToken.Parse(order.Token).Authority).Reveal() }, EnrolmentFault.WrongToken);
        await RefusedAsync("cache-2", order with { Token = "ejt1.nonsense" }, EnrolmentFault.Malformed);
        await RefusedAsync("cache-2", null, EnrolmentFault.NotJoined);
        (await RefusedAsync("cache-2", order with { Token = null, MissingFile = "gone.token" }, EnrolmentFault.NotJoined)).Message.ShouldContain("'gone.token'");
        (await RefusedAsync("cache-2", order with { Origin = new UriBuilder(Url(origin, "metadata")) { Scheme = Uri.UriSchemeHttps }.Uri }, EnrolmentFault.Origin)).Cure!.ShouldContain("admin surface");
        await RefusedAsync("cache-1-again", await Joining.OrderAsync(origin), EnrolmentFault.NameTaken, "cache-1");
        // The token of one network, shown to the origin of another: it never leaves this machine.
        await RefusedAsync("cache-2", (await Joining.OrderAsync(origin)) with { Origin = Joining.AddressOf(other) }, EnrolmentFault.WrongAuthority);

        Joining.EnrolmentOf(origin).Nodes.ShouldHaveSingleItem();
        (await JournalAsync("origin")).Where(static entry => entry.Action == "node.refuse").Select(static entry => entry.Details).ShouldBe(
            ["""{"reason":"enrolment/used-token","role":"edge"}""", """{"reason":"enrolment/wrong-token","role":"edge"}""", """{"reason":"enrolment/name-taken","role":"edge"}"""]);
    }

    [Fact]
    public async Task A_revoked_edge_is_shut_out_at_once_and_stays_out()
    {
        await using var origin = await OriginAsync();
        await using var edge = await EdgeAsync("cache-1", await Joining.OrderAsync(origin));
        await using var peer = await EdgeAsync("cache-2", await Joining.OrderAsync(origin));
        await UntilKnownAsync(origin, "cache-1");
        await UntilKnownAsync(origin, "cache-2");

        await Joining.EnrolmentOf(origin).RevokeAsync(NodeName.Parse("cache-1"), "stolen", "test");

        (await NodesAsync(origin)).ShouldNotContain(static node => node.Last.Node == "cache-1");
        using var stolen = Client(edge, "cache-1", NodeRole.Origin);
        await ShutOutAsync(() => stolen.GetAsync(new Uri(Url(origin, "metadata"), "/v1/nodes"), Cancellation));
        // The peer hears of it with its next heart-beat.
        await Poll(() => Task.FromResult(peer.Identity.Trust.Current.Revocations.Any(static one => one.Name.Value == "cache-1")));
        using var toPeer = Client(edge, "cache-1", NodeRole.Edge);
        await ShutOutAsync(() => toPeer.GetAsync(new Uri(Url(peer, "edge"), "/healthz"), Cancellation));
        (await Should.ThrowAsync<FaultException>(async () => await EdgeAsync("cache-1", await Joining.OrderAsync(origin), "cache-1-anew"))).Fault.Is(EnrolmentFault.Revoked).ShouldBeTrue();
    }

    [Fact]
    public async Task What_was_revoked_is_refused_by_a_node_that_starts_while_the_origin_is_away()
    {
        NodeIdentity stolen;
        X509Certificate2 shown;
        await using (var origin = await OriginAsync())
        {
            await using var peer = await EdgeAsync("cache-2", await Joining.OrderAsync(origin));
            await using var edge = await EdgeAsync("cache-1", await Joining.OrderAsync(origin));
            await UntilKnownAsync(origin, "cache-1");
            var own = ((MemberIdentity)edge.Identity).CertificateOf(NodeName.Parse("cache-1"), NodeRole.Edge);
            (stolen, shown) = (own.Identity, X509CertificateLoader.LoadCertificate(own.ForNodes.TargetCertificate.RawData));
            peer.Identity.Trust.Current.Recheck(stolen, shown, DateTimeOffset.UtcNow).ShouldBeNull();
            await Joining.EnrolmentOf(origin).RevokeAsync(NodeName.Parse("cache-1"), "stolen", "test");
            await Poll(() => Task.FromResult(peer.Identity.Trust.Current.Revocations.Any(static one => one.Name.Value == "cache-1")));
        }

        await using var again = await EdgeAsync("cache-2", null);

        again.Identity.Trust.Current.Recheck(stolen, shown, DateTimeOffset.UtcNow)!.Is(AuthorityFault.Revoked).ShouldBeTrue();
        shown.Dispose();
    }

    [Fact]
    public async Task Only_a_node_sends_heart_beats_and_only_its_own()
    {
        await using var origin = await OriginAsync();
        await using var edge = await EdgeAsync("cache-1", await Joining.OrderAsync(origin));
        await UntilKnownAsync(origin, "cache-1");
        var beat = (await NodesAsync(origin)).Single().Last;

        (await BeatAsync(_http, beat, beat.Node)).ShouldBe((HttpStatusCode.Unauthorized, "access/anonymous"));
        using var client = Client(edge, "cache-1", NodeRole.Origin);
        (await BeatAsync(client, beat, beat.Node)).ShouldBe((HttpStatusCode.OK, ""));
        (await BeatAsync(client, beat with { Node = "cache-2" }, "cache-2")).ShouldBe((HttpStatusCode.Forbidden, Fault.CodeOf(NodeFault.NameMismatch)));
        (await BeatAsync(client, beat, "cache-2")).ShouldBe((HttpStatusCode.BadRequest, Fault.CodeOf(NodeFault.NameMismatch)));

        async Task<(HttpStatusCode, string)> BeatAsync(HttpClient by, HeartbeatRequest one, string path)
        {
            using var response = await by.PostAsJsonAsync(new Uri(Url(origin, "admin"), $"/v1/nodes/{path}/heartbeat"), one, ApiJson.Default.HeartbeatRequest, Cancellation);
            return (response.StatusCode, response.IsSuccessStatusCode ? "" : (await response.Content.ReadFromJsonAsync(ProblemJsonContext.Default.ProblemDocument, Cancellation))!.Code);
        }
    }

    [Fact]
    public async Task A_drained_edge_gets_no_new_clients()
    {
        await using var origin = await OriginAsync();
        await using var edge = await EdgeAsync("cache-1", await Joining.OrderAsync(origin));
        await UntilKnownAsync(origin, "cache-1");

        await Joining.EnrolmentOf(origin).DrainAsync(NodeName.Parse("cache-1"), draining: true, "test");
        await Poll(async () => (await NodesAsync(origin)).Single().State == "draining");
        await Joining.EnrolmentOf(origin).DrainAsync(NodeName.Parse("cache-1"), draining: false, "test");
        await Poll(async () => (await NodesAsync(origin)).Single().State == "healthy");
    }

    [Fact]
    public async Task A_node_renews_for_a_new_key_and_follows_a_change_of_the_authority()
    {
        await using var origin = await OriginAsync();
        await using var edge = await EdgeAsync("cache-1", await Joining.OrderAsync(origin));
        var member = (MemberIdentity)edge.Identity;
        var own = member.CertificateOf(NodeName.Parse("cache-1"), NodeRole.Edge);
        var before = own.ForNodes.TargetCertificate.GetPublicKeyString();

        await ((OriginIdentity)origin.Identity).Authority.RotateAsync(CertificateTimes.LeastOverlap, dryRun: false, "test");
        await Poll(() => Task.FromResult(member.Trust.Current.Authorities.Length == 2));
        await member.TryRenewAsync(Cancellation);

        own.ForNodes.TargetCertificate.GetPublicKeyString().ShouldNotBe(before);
        NetworkTrust.ReadPem(File.ReadAllText(Path.Combine(_folder, "cache-1", "trust", "ca.pem")))!.Value.Length.ShouldBe(2);
        await UntilKnownAsync(origin, "cache-1");
    }

    [Fact]
    public async Task Clients_that_believe_the_authority_read_by_TLS_and_others_in_clear_text()
    {
        await using var origin = await OriginAsync();
        using var client = Browser(File.ReadAllText(Path.Combine(_folder, "origin", "trust", "ca.pem")), "localhost");
        var metadata = Url(origin, "metadata");

        (await client.GetAsync(new UriBuilder(metadata) { Scheme = "https", Path = "/healthz" }.Uri, Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _http.GetAsync(new Uri(metadata, "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Should.ThrowAsync<HttpRequestException>(() => _http.GetAsync(new UriBuilder(metadata) { Scheme = "https" }.Uri, Cancellation));
        using var elsewhere = Browser(File.ReadAllText(Path.Combine(_folder, "origin", "trust", "ca.pem")), "other.example");
        await Should.ThrowAsync<HttpRequestException>(() => elsewhere.GetAsync(new UriBuilder(metadata) { Scheme = "https" }.Uri, Cancellation));
    }

    [Fact]
    public async Task Where_TLS_is_required_reads_are_sent_on_to_it_and_the_rest_is_refused()
    {
        await using var origin = await OriginAsync(change: static settings => settings with { Metadata = settings.Metadata with { Tls = new TlsSettings { Mode = TlsMode.Required } } });
        using var clear = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var metadata = new UriBuilder(Url(origin, "metadata")) { Scheme = "http", Host = "localhost" }.Uri;

        using var read = await clear.GetAsync(new Uri(metadata, "/v1/mirrors?a=b%20c"), Cancellation);
        (read.StatusCode, read.Headers.Location!.OriginalString).ShouldBe((HttpStatusCode.PermanentRedirect, $"https://localhost:{metadata.Port}/v1/mirrors?a=b%20c"));
        using var write = await clear.PostAsync(new Uri(metadata, "/v1/mirrors"), null, Cancellation);
        write.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await write.Content.ReadFromJsonAsync(ProblemJsonContext.Default.ProblemDocument, Cancellation))!.Code.ShouldBe(Fault.CodeOf(TlsFault.Required));
        using var client = Browser(File.ReadAllText(Path.Combine(_folder, "origin", "trust", "ca.pem")), "localhost");
        using var secure = await client.GetAsync(read.Headers.Location, Cancellation);
        secure.Headers.GetValues("Strict-Transport-Security").ShouldBe(["max-age=31536000"]);
    }

    private static async Task ShutOutAsync(Func<Task<HttpResponseMessage>> call)
    {
        try
        {
            using var response = await call();
            response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }
        catch (HttpRequestException)
        {
            // Refused in the handshake already.
        }
    }

    private async Task<Fault> RefusedAsync(string folder, JoinOrder? order, EnrolmentFault reason, string? name = null)
    {
        var fault = (await Should.ThrowAsync<FaultException>(async () => await EdgeAsync(name ?? folder, order, folder))).Fault;
        fault.Code.ShouldBe(Fault.CodeOf(reason), fault.Message);
        fault.Cure.ShouldNotBeNullOrEmpty();
        if (order?.Token is { } token)
            fault.Message.ShouldNotContain(token);
        return fault;
    }

    /// <summary>A client that is an edge, with the edge's own certificate.</summary>
    private static HttpClient Client(Node edge, string name, NodeRole expected)
    {
        var member = (MemberIdentity)edge.Identity;
        return new HttpClient(NodeHandler.Create(TimeSpan.FromSeconds(5), member.Trust, member.CertificateOf(NodeName.Parse(name), NodeRole.Edge), expected));
    }

    /// <summary>A client that believes an authority and nobody else.</summary>
    private static HttpClient Browser(string pem, string host)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { X509Certificate2.CreateFromPem(pem) },
            },
        };
        return new HttpClient(handler) { DefaultRequestHeaders = { Host = host } };
    }

    private async Task<IReadOnlyList<JournalEntry>> JournalAsync(string folder)
    {
        await using var database = StateDatabase.Open(Path.Combine(_folder, folder, "state.db"), Node.StateFeatures);
        return JournalTable.Read(database, 0, 1000, "node.");
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

    private Task UntilKnownAsync(Node origin, string edge)
        => Poll(async () => (await NodesAsync(origin)).Any(node => node.Last.Node == edge && node.State == "healthy"));

    private async Task<IReadOnlyList<NodeDocument>> NodesAsync(Node origin)
        => (await _http.GetFromJsonAsync(new Uri(Url(origin, "metadata"), "/v1/nodes"), ApiJson.Default.IReadOnlyListNodeDocument, Cancellation))!;

    private static Uri Url(Node node, string surface) => new(node.Network.Surfaces.First(s => s.Surface == surface).Url);

    private Task<Node> OriginAsync(string folder = "origin", Func<Settings, Settings>? change = null)
        => StartAsync(folder, NodeRoles.Origin, settings => (change ?? (static same => same))(settings), null);

    private Task<Node> EdgeAsync(string name, JoinOrder? order, string? folder = null)
        => StartAsync(folder ?? name, NodeRoles.Edge, settings => settings with { Node = NodeName.Parse(name), Edges = settings.Edges with { Count = 1 } }, order);

    private Task<Node> StartAsync(string folder, NodeRoles roles, Func<Settings, Settings> change, JoinOrder? order)
    {
        var any = Settings.Default with
        {
            DataFolder = Path.Combine(_folder, folder),
            HeartbeatInterval = TimeSpan.FromMilliseconds(200),
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Scheduler = Settings.Default.Scheduler with { Port = 0 },
        };
        return Node.StartAsync(new NodePlan(roles, change(any), PublishRuntime: false) { Join = order }, TestLog.Factory, TimeProvider.System, Cancellation);
    }
}
