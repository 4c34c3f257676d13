using System.Net;
using System.Text.Json;
using Entrepot.Core.Journal;
using Entrepot.Server.Access;
using Entrepot.Tests.Trust.Tokens;
using Entrepot.Trust.Access;
using Entrepot.Trust.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.Tests.Server.Access;

/// <summary>What loopback tests can't show: requests from elsewhere.</summary>
public sealed class AccessGateTests : IAsyncLifetime
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1"), Elsewhere = IPAddress.Parse("10.0.0.2");

    private TokenWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await TokenWorld.OpenAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("http", "10.0.0.2", 401, "access/clear-text")]
    [InlineData("http", "::ffff:10.0.0.2", 401, "access/clear-text")]
    [InlineData("https", "10.0.0.2", 200, "")]
    [InlineData("http", "10.0.0.1", 200, "")]
    [InlineData("http", "127.0.0.1", 200, "")]
    [InlineData("http", "::1", 200, "")]
    public async Task A_credential_is_taken_under_tls_or_from_this_machine(string scheme, string from, int status, string code)
    {
        var token = (await _world.IssueAsync(Role.Auditor)).Text;
        (await SendAsync(Permission.JournalRead, $"Bearer {token}", IPAddress.Parse(from), scheme)).ShouldBe((status, code));
    }

    [Fact]
    public async Task In_clear_text_even_a_bad_token_is_not_looked_at()
        => (await SendAsync(Permission.JournalRead, "Bearer nonsense", Elsewhere, "http")).ShouldBe((401, "access/clear-text"));

    [Fact]
    public async Task The_nodes_own_credential_is_good_on_its_machine_only()
    {
        var token = _world.Authority.IssueOperator(OperatorCredential.Roles, TokenAuthority.OperatorLifetime);
        (await SendAsync(Permission.TokensManage, $"Bearer {token}", Here, "http")).ShouldBe((200, ""));
        (await SendAsync(Permission.TokensManage, $"Bearer {token}", Elsewhere, "https")).ShouldBe((401, "access/elsewhere"));
    }

    [Theory]
    [InlineData("Basic YTpi")]
    [InlineData("Bearer")]
    [InlineData("BearerX abc")]
    [InlineData("")]
    public async Task Another_scheme_proves_nothing(string header)
        => (await SendAsync(Permission.JournalRead, header, Here, "http")).ShouldBe((401, "access/anonymous"));

    [Fact]
    public async Task Two_tokens_are_none()
    {
        var token = (await _world.IssueAsync(Role.Auditor)).Text;
        (await SendAsync(Permission.JournalRead, $"Bearer {token},Bearer {token}", Here, "http")).Code.ShouldBe("token/malformed");
    }

    [Fact]
    public async Task What_a_certificate_proved_is_not_asked_again()
    {
        (await SendAsync(Permission.NodeReport, "Bearer nonsense", Elsewhere, "https", Principal.Node("edge-1"))).ShouldBe((200, ""));
        (await SendAsync(Permission.TokensManage, "", Elsewhere, "https", Principal.Node("edge-1"))).ShouldBe((403, "access/forbidden"));
    }

    [Fact]
    public async Task A_bad_token_is_refused_also_where_none_is_needed()
        => (await SendAsync(Permission.Public, "Bearer nonsense", Here, "http")).ShouldBe((401, "token/malformed"));

    [Fact]
    public async Task Refused_credentials_are_journalled_without_the_credential()
    {
        await SendAsync(Permission.JournalRead, "Bearer nonsense", Here, "http");
        // The writer takes one after the other: when this is there, so is what came before.
        await _world.IssueAsync(name: "after");
        var told = JournalTable.Read(_world.State, 0, 10, "access.").ShouldHaveSingleItem();
        (told.Action, told.Subject).ShouldBe(("access.refuse", "test"));
        told.Details.ShouldContain("token/malformed");
        told.Details.ShouldNotContain("nonsense");
    }

    [Fact]
    public void A_surface_does_not_start_with_an_endpoint_that_states_nothing()
    {
        var routes = new Routes();
        routes.MapGet("/stated", static () => "").Needs(Permission.Public);
        routes.RequirePermissions("test");
        routes.MapGet("/silent", static () => "");
        Should.Throw<InvalidOperationException>(() => routes.RequirePermissions("test")).Message.ShouldContain("/silent");
    }

    private async Task<(int Status, string Code)> SendAsync(Permission needed, string authorization, IPAddress from, string scheme, Principal? proven = null)
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        AccessGate.Use(app, new SurfaceAccess("test") { Tokens = _world.Authority, Failures = new FailureBook(_world.Time) }, _world.State, _world.Time, NullLogger.Instance);
        app.Run(static _ => Task.CompletedTask);
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Scheme = scheme;
        context.Request.Method = "GET";
        context.Request.Path = "/x";
        context.Request.Headers.Authorization = authorization;
        context.Response.Body = body;
        (context.Connection.RemoteIpAddress, context.Connection.LocalIpAddress) = (from, Here);
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(new NeededPermission(needed)), "test"));
        if (proven is not null)
            context.Features.Set(proven);
        await app.Build()(context);
        if (context.Response.StatusCode == StatusCodes.Status200OK)
            return (200, "");
        using var problem = JsonDocument.Parse(body.ToArray());
        return (context.Response.StatusCode, problem.RootElement.GetProperty("code").GetString()!);
    }

    private sealed class Routes : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider { get; } = new ServiceCollection().BuildServiceProvider();

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(ServiceProvider);
    }
}
