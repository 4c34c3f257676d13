using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Configuration;
using Entrepot.Server.Http;
using Entrepot.Server.Tls;
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

    [Fact]
    public async Task A_page_of_another_site_gives_no_orders_by_the_certificate_of_a_browser()
    {
        await using var site = await AccessSite.StartAsync();
        await MirrorAsync(site, "images");
        using var publisher = site.ClientOf(Role.Publisher);

        foreach (var (name, value) in new[] { ("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site") })
        {
            publisher.DefaultRequestHeaders.Add(name, value);
            (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Forbidden, "access/other-site"), $"{name}: {value}");
            publisher.DefaultRequestHeaders.Remove(name);
        }

        publisher.DefaultRequestHeaders.Add("Origin", site.SecureUrl("push"));
        publisher.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Created, ""));
        publisher.DefaultRequestHeaders.Remove("Origin");
        publisher.DefaultRequestHeaders.Remove("Sec-Fetch-Site");
        publisher.DefaultRequestHeaders.Add("Origin", "https://evil.example");
        publisher.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await site.TokenOfAsync(Role.Publisher));
        (await PutAsync(publisher, site, "images")).ShouldBe((HttpStatusCode.Created, ""), "a token is sent by nobody unasked");
    }

    [Theory]
    [InlineData("push")]
    [InlineData("audit")]
    public async Task Where_a_certificate_is_required_the_greeting_of_a_newcomer_is_no_way_around_it(string surface)
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with
        {
            Push = settings.Push with { Tls = new TlsSettings { ClientCertificates = ClientCertificateMode.Required } },
        });
        using var newcomer = new HttpClient(NodeHandler.CreateSecure(TimeSpan.FromSeconds(10), new SslClientAuthenticationOptions
        {
            TargetHost = NodeConnection.JoinName, EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, shown, _, _)
                => site.Identity.Trust.Current.TryIdentify(shown as X509Certificate2, Certificates.ServerUse, null, DateTimeOffset.UtcNow, out NodeIdentity? _, out _),
        }));
        newcomer.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await site.TokenOfAsync(Role.Admin));

        using var answer = await newcomer.GetAsync(site.SecureUrl(surface) + "/v1/network", Cancellation);
        (answer.StatusCode, await AccessSite.CodeOfAsync(answer)).ShouldBe((HttpStatusCode.Forbidden, "authority/no-identity"));
        using var alive = await newcomer.GetAsync(site.SecureUrl(surface) + "/healthz", Cancellation);
        alive.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Where_a_certificate_is_required_a_token_does_not_stand_for_one_that_was_revoked()
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with
        {
            Push = settings.Push with { Tls = new TlsSettings { ClientCertificates = ClientCertificateMode.Required } },
        });
        await MirrorAsync(site, "images");
        using var key = Certificates.NewKey();
        var order = new ClientCertificateOrder(
            new ClientIdentity(site.Identity.Clients.Network, NodeName.Parse("ci"), Role.Publisher, []), Certificates.ReadSigningRequest(Certificates.SigningRequest(key)), TimeSpan.FromHours(1));
        var (made, _) = await site.Identity.Clients.IssueAsync(order, "test", Cancellation);
        using var client = site.ShowOf(Certificates.WithKey(made, key));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await site.TokenOfAsync(Role.Publisher));
        (await PutAsync(client, site, "images")).ShouldBe((HttpStatusCode.Created, ""));

        await site.Identity.Clients.RevokeAsync(NodeName.Parse("ci"), "test", Cancellation);

        (await PutAsync(client, site, "images")).ShouldBe((HttpStatusCode.Unauthorized, "authority/revoked"));
        made.Dispose();
    }

    [Fact]
    public async Task A_certificate_that_is_shown_sends_nobody_to_addresses_that_stand_in_it()
    {
        await using var site = await AccessSite.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var authorityKey = Certificates.NewKey();
        using var authority = Certificates.Authority(authorityKey, "elsewhere.internal", DateTimeOffset.UtcNow);
        using var key = Certificates.NewKey();
        var request = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [$"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/ca.cer"]));
        using var signed = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1), [1, 2, 3]);
        using var shown = signed.CopyWithPrivateKey(key);
        var push = new Uri(site.SecureUrl("push"));
        using var socket = new TcpClient();
        await socket.ConnectAsync(push.Host, push.Port, Cancellation);
        await using var stranger = new SslStream(socket.GetStream());
        var believed = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        believed.CustomTrustStore.AddRange(site.Identity.Trust.Current.Authorities.ToArray());

        await stranger.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                // Else this side would look for whoever signed it.
                TargetHost = push.Host, CertificateChainPolicy = believed, ClientCertificateContext = SslStreamCertificateContext.Create(shown, null, offline: true),
            },
            Cancellation);
        await stranger.WriteAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancellation);
        (await stranger.ReadAsync(new byte[100], Cancellation)).ShouldBePositive();

        listener.Pending().ShouldBeFalse("what a stranger writes into a certificate is no order to fetch it");
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
