using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Faults;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>What a provider gave for a code.</summary>
/// <param name="IdToken">Who it is, not judged yet.</param>
/// <param name="AccessToken">What asks for more, or null.</param>
internal sealed record ProviderTokens(string IdToken, string? AccessToken);

/// <summary>Talks to the provider: its description and keys (OpenID Connect Discovery 1.0), a code for tokens (RFC 6749 §4.1.3), more about a person
/// (Core §5.3). Every answer is bounded in time and size, and no redirect is followed. Safe for use by several threads.</summary>
public sealed class ProviderClient : IDisposable
{
    /// <summary>Longest wait for one answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>For how long description and keys are good.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromHours(1);

    /// <summary>For how long a provider that did not answer is not asked for its description again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Largest answer in bytes.</summary>
    public const int MaxAnswer = 256 * 1024;

    /// <summary>Conversations at once; each is a few small requests.</summary>
    private const int AtOnce = 8;

    private readonly ProviderOptions _options;
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _describing = new(1, 1);
    private readonly SemaphoreSlim _talking = new(AtOnce, AtOnce);
    private volatile Known? _known;
    private volatile Missed? _missed;

    /// <summary>A client of a provider.</summary>
    /// <param name="options">Which.</param>
    /// <param name="handler">Makes the connections; null for the usual way, through the system's proxy if there is one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it is logged what the provider does wrong.</param>
    public ProviderClient(ProviderOptions options, HttpMessageHandler? handler, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _http = new HttpClient(handler ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseProxy = !new Uri(options.Issuer).IsLoopback,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswer,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _describing.Dispose();
        _talking.Dispose();
    }

    /// <summary>The provider's description, fetched when there is none that is young enough.</summary>
    /// <param name="notBefore">An older one is fetched again; for keys that may have changed.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="OidcFault.Provider"/> or <see cref="OidcFault.Issuer"/>.</exception>
    internal async Task<OpenIdConnectConfiguration> DescribeAsync(DateTimeOffset? notBefore, CancellationToken cancellation)
    {
        if (Current(notBefore) is { } known)
            return known;
        return await InTurnAsync(_describing, async () =>
        {
            if (Current(notBefore) is { } fetched)
                return fetched;
            if (_missed is { } missed && _time.GetUtcNow() - missed.At < Pause)
                throw missed.Fault.ToException();
            try
            {
                // Before it was asked: the keys are at least as new as that.
                var asked = _time.GetUtcNow();
                var address = $"{_options.Issuer.TrimEnd('/')}/.well-known/openid-configuration";
                var description = await BoundedAsync("description", stop => OpenIdConnectConfigurationRetriever.GetAsync(address, new Retriever(this), stop), cancellation);
                Check(description);
                _known = new Known(asked, description);
                _missed = null;
                return description;
            }
            catch (FaultException error)
            {
                _missed = new Missed(_time.GetUtcNow(), error.Fault);
                throw;
            }
        }, cancellation);
    }

    /// <summary>Gives a code for tokens.</summary>
    /// <exception cref="FaultException"><see cref="OidcFault.Provider"/>, <see cref="OidcFault.Exchange"/> or <see cref="OidcFault.Busy"/>.</exception>
    internal Task<ProviderTokens> ExchangeAsync(OpenIdConnectConfiguration provider, string code, string verifier, string callback, CancellationToken cancellation)
        => InTurnAsync(_talking, () => BoundedAsync("token endpoint", async stop =>
        {
            var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = callback, ["code_verifier"] = verifier };
            using var request = new HttpRequestMessage(HttpMethod.Post, provider.TokenEndpoint);
            var methods = provider.TokenEndpointAuthMethodsSupported;
            if (_options.ClientSecret is not { } secret)
                form["client_id"] = _options.ClientId;
            else if (methods.Count > 0 && !methods.Contains("client_secret_basic") && methods.Contains("client_secret_post"))
                (form["client_id"], form["client_secret"]) = (_options.ClientId, secret);
            else
                // RFC 6749 §2.3.1: both are form-encoded first.
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(_options.ClientId)}:{Uri.EscapeDataString(secret)}")));
            request.Content = new FormUrlEncodedContent(form);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await _http.SendAsync(request, stop);
            var body = await response.Content.ReadAsByteArrayAsync(stop);
            if ((int)response.StatusCode is >= 400 and < 500)
                throw Fault.Of(
                    OidcFault.Exchange, FaultKind.Forbidden, $"{_options.Label} did not take this sign-in's code: {Word(body)}.",
                    "Sign in again from the start; if it stays so, compare openIdConnect.clientId, the client's secret and its redirect address with the provider.").ToException();
            response.EnsureSuccessStatusCode();
            var answer = ProviderJson.Parse(body);
            return ProviderJson.Text(answer, "id_token") is { } token
                ? new ProviderTokens(token, ProviderJson.Text(answer, "access_token"))
                : throw new JsonException("there is no id_token in it");
        }, cancellation), cancellation);

    /// <summary>More about a person.</summary>
    /// <exception cref="FaultException"><see cref="OidcFault.Provider"/> or <see cref="OidcFault.Busy"/>.</exception>
    internal Task<JsonElement> TellAsync(OpenIdConnectConfiguration provider, string accessToken, CancellationToken cancellation)
        => InTurnAsync(_talking, () => BoundedAsync("userinfo endpoint", async stop =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, provider.UserInfoEndpoint);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await _http.SendAsync(request, stop);
            response.EnsureSuccessStatusCode();
            return ProviderJson.Parse(await response.Content.ReadAsByteArrayAsync(stop));
        }, cancellation), cancellation);

    /// <summary>Where people are sent, and what is fetched, is https, except on this machine for a provider on this machine.</summary>
    internal static bool IsSafe(string? address, string issuer)
        => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback && new Uri(issuer).IsLoopback));

    private OpenIdConnectConfiguration? Current(DateTimeOffset? notBefore)
        => _known is { } known && _time.GetUtcNow() - known.At < Freshness && !(known.At <= notBefore) ? known.Description : null;

    private void Check(OpenIdConnectConfiguration provider)
    {
        if (provider.Issuer != _options.Issuer)
            throw Fault.Of(
                OidcFault.Issuer, FaultKind.Unavailable, $"What is at '{_options.Issuer}' calls itself another issuer.",
                "Set openIdConnect.issuer to the provider's identifier, character by character.").ToException();
        foreach (var (what, address) in new[] { ("authorization", provider.AuthorizationEndpoint), ("token", provider.TokenEndpoint), ("userinfo", provider.UserInfoEndpoint) })
        {
            if (!(IsSafe(address, _options.Issuer) || (what == "userinfo" && string.IsNullOrEmpty(address))))
                throw Unusable($"its {what} endpoint is no https address");
        }

        if (provider.SigningKeys.Count == 0)
            throw Unusable("it publishes no key");
    }

    private async Task<T> BoundedAsync<T>(string what, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Patience, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await work(stop.Token);
        }
        catch (FaultException)
        {
            throw;
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            var cause = error is InvalidOperationException or IOException && error.InnerException is { } inner ? inner : error;
            throw cause switch
            {
                FaultException fault => fault,
                OperationCanceledException => Unusable($"its {what} did not answer within {Patience.TotalSeconds:0} s", error),
                JsonException or ArgumentException or SecurityTokenException => Unusable($"its {what} answered something that is none of the protocol's answers", error),
                HttpRequestException { StatusCode: { } status } => Unusable($"its {what} answered {(int)status}", error),
                _ => Unusable($"its {what} can't be reached", error),
            };
        }
    }

    private static async Task<T> InTurnAsync<T>(SemaphoreSlim turns, Func<Task<T>> work, CancellationToken cancellation)
    {
        if (!await turns.WaitAsync(Patience, cancellation))
            throw Fault.Of(OidcFault.Busy, FaultKind.Unavailable, "Too many people are signing in at this moment.", "Try again in a few seconds.").ToException();
        try
        {
            return await work();
        }
        finally
        {
            turns.Release();
        }
    }

    private FaultException Unusable(string why, Exception? inner = null)
    {
        Log.ProviderUnusable(_logger, _options.Issuer, why, inner);
        return Fault.Of(
            OidcFault.Provider, FaultKind.Unavailable, $"Nobody can sign in through {_options.Label} now: {why}.",
            "Try again later; accounts of this network's own work meanwhile: entrepot sign-in NAME.").ToException(inner);
    }

    /// <summary>The error's name (RFC 6749 §5.2), when that is what the answer has.</summary>
    private static string Word(byte[] body)
    {
        try
        {
            return ErrorWord(ProviderJson.Text(ProviderJson.Parse(body), "error"));
        }
        catch (JsonException)
        {
            return "no reason is told";
        }
    }

    /// <summary>An error's name as it may be shown: words of the protocol have small letters and underscores only.</summary>
    internal static string ErrorWord(string? error)
        => error is { Length: > 0 and <= 64 } && error.All(static letter => letter is (>= 'a' and <= 'z') or '_') ? error : "no reason is told";

    private sealed record Known(DateTimeOffset At, OpenIdConnectConfiguration Description);

    private sealed record Missed(DateTimeOffset At, Fault Fault);

    /// <summary>Fetches for the library what it reads description and keys from.</summary>
    private sealed class Retriever(ProviderClient client) : IDocumentRetriever
    {
        public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
        {
            if (!IsSafe(address, client._options.Issuer))
                throw client.Unusable("its key set has no https address");
            using var response = await client._http.GetAsync(address, cancel);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadAsStringAsync(cancel);
        }
    }
}
