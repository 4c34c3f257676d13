using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Entrepot.FunctionalTests.OpenIdConnect;

/// <summary>An OpenID Connect provider that does as it is told: well, until a test spoils something.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    public const string ClientId = "entrepot", Secret = "a secret with /+: in it";

    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string Callback)> _codes = new();
    private WebApplication _app = null!;
    private RSA _key = RSA.Create(2048);
    private int _generation = 1;

    private FakeProvider()
    {
    }

    public string Issuer { get; private set; } = "";

    /// <summary>What the identity token says, beside what every one does.</summary>
    public Dictionary<string, object?> Claims { get; } = new() { ["sub"] = "248289761001", ["preferred_username"] = "jane", ["groups"] = new[] { "staff" } };

    /// <summary>What the userinfo endpoint tells; null for none.</summary>
    public Dictionary<string, object?>? More { get; set; }

    /// <summary>Spoils the claims of the next token.</summary>
    public Action<Dictionary<string, object?>> Spoil { get; set; } = static _ => { };

    /// <summary>The algorithm that the header names; RS256 signs, whatever it says.</summary>
    public string Algorithm { get; set; } = "RS256";

    /// <summary>Spoils the whole token.</summary>
    public Func<string, string> SpoilToken { get; set; } = static token => token;

    /// <summary>What the authorization endpoint sends the browser back with; null for a code.</summary>
    public string? Error { get; set; }

    /// <summary>True when it cuts every connection.</summary>
    public bool IsDown { get; set; }

    /// <summary>What the discovery document says, when not the truth.</summary>
    public Dictionary<string, object?> Discovery { get; } = [];

    public int KeyFetches { get; private set; }

    public int Exchanges { get; private set; }

    public static async Task<FakeProvider> StartAsync()
    {
        var provider = new FakeProvider();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        var app = provider._app = builder.Build();
        app.Use((context, next) =>
        {
            if (!provider.IsDown)
                return next(context);
            context.Abort();
            return Task.CompletedTask;
        });
        app.UseRouting();
        app.MapGet("/.well-known/openid-configuration", (HttpContext context) => WriteAsync(context, provider.Describe()));
        app.MapGet("/keys", (HttpContext context) => WriteAsync(context, provider.Keys()));
        app.MapGet("/authorize", (HttpContext context) =>
        {
            context.Response.Redirect(provider.Authorize(context.Request.Query));
            return Task.CompletedTask;
        });
        app.MapPost("/token", provider.ExchangeAsync);
        app.MapGet("/me", (HttpContext context) => context.Request.Headers.Authorization == "Bearer access" ? WriteAsync(context, provider.More) : WriteAsync(context, null, 401));
        await app.StartAsync();
        provider.Issuer = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return provider;
    }

    /// <summary>Signs by a new key from now on, and publishes that alone.</summary>
    public void ChangeKey()
    {
        _key.Dispose();
        _key = RSA.Create(2048);
        _generation++;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
    }

    private Dictionary<string, object?> Describe()
    {
        var document = new Dictionary<string, object?>
        {
            ["issuer"] = Issuer, ["authorization_endpoint"] = $"{Issuer}/authorize", ["token_endpoint"] = $"{Issuer}/token", ["jwks_uri"] = $"{Issuer}/keys",
            ["response_types_supported"] = new[] { "code" }, ["subject_types_supported"] = new[] { "public" }, ["id_token_signing_alg_values_supported"] = new[] { "RS256" },
            ["authorization_response_iss_parameter_supported"] = true,
        };
        if (More is not null)
            document["userinfo_endpoint"] = $"{Issuer}/me";
        foreach (var (name, value) in Discovery)
            document[name] = value;
        return document;
    }

    private Dictionary<string, object?> Keys()
    {
        KeyFetches++;
        var key = _key.ExportParameters(false);
        return new() { ["keys"] = new[] { new { kty = "RSA", use = "sig", kid = $"key-{_generation}", n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) } } };
    }

    private string Authorize(IQueryCollection query)
    {
        query["response_type"].ToString().ShouldBe("code");
        query["client_id"].ToString().ShouldBe(ClientId);
        query["code_challenge_method"].ToString().ShouldBe("S256");
        var back = $"{query["redirect_uri"]}?state={Uri.EscapeDataString(query["state"].ToString())}&iss={Uri.EscapeDataString(Issuer)}";
        if (Error is not null)
            return $"{back}&error={Error}";
        var code = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = (query["nonce"].ToString(), query["code_challenge"].ToString(), query["redirect_uri"].ToString());
        return $"{back}&code={code}";
    }

    private async Task ExchangeAsync(HttpContext context)
    {
        Exchanges++;
        var form = await context.Request.ReadFormAsync();
        var verifier = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        var client = Encoding.UTF8.GetString(Convert.FromBase64String(context.Request.Headers.Authorization.ToString()["Basic ".Length..])).Split(':');
        if (Uri.UnescapeDataString(client[0]) != ClientId || Uri.UnescapeDataString(client[1]) != Secret)
            await WriteAsync(context, new() { ["error"] = "invalid_client" }, 401);
        else if (!_codes.TryRemove(form["code"].ToString(), out var issued) || issued.Challenge != verifier || issued.Callback != form["redirect_uri"])
            await WriteAsync(context, new() { ["error"] = "invalid_grant" }, 400);
        else
            await WriteAsync(context, new() { ["token_type"] = "Bearer", ["access_token"] = "access", ["expires_in"] = 60, ["id_token"] = SpoilToken(Sign(issued.Nonce)) });
    }

    private string Sign(string nonce)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new Dictionary<string, object?>(Claims) { ["iss"] = Issuer, ["aud"] = ClientId, ["iat"] = now, ["exp"] = now + 300, ["nonce"] = nonce };
        Spoil(claims);
        foreach (var gone in claims.Where(static pair => pair.Value is null).Select(static pair => pair.Key).ToList())
            claims.Remove(gone);
        var signed = $"{Part(new Dictionary<string, object?> { ["alg"] = Algorithm, ["kid"] = $"key-{_generation}", ["typ"] = "JWT" })}.{Part(claims)}";
        return Algorithm switch
        {
            "none" => $"{signed}.",
            // What an attacker can who knows the client's secret, or tries the public key for one.
            "HS256" => $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(signed)))}",
            _ => $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}",
        };
    }

    private static string Part(Dictionary<string, object?> members) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(members));

    private static async Task WriteAsync(HttpContext context, Dictionary<string, object?>? document, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(document));
    }
}
