using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;

namespace Entrepot.Server.Enrolment;

/// <summary>A machine's side of joining and renewing.</summary>
/// <param name="origin">The origin's admin surface.</param>
/// <param name="time">The clock.</param>
internal sealed class EnrolmentClient(Uri origin, TimeProvider time)
{
    private const long MaxAnswer = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Joins. The token leaves this machine only after the origin has proven to be the one that the token names.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault"/>, the origin's own among them.</exception>
    public async Task<CertificateDocument> JoinAsync(JoinToken token, JoinRequest request, CancellationToken cancellation)
    {
        using var anybody = Client(NewcomerOptions(static _ => null));
        var shown = await SendAsync(anybody, HttpMethod.Get, EnrolmentEndpoints.AuthorityPath, null, ApiJson.Default.AuthorityDocument, cancellation);
        var authority = NetworkTrust.ReadPem(shown.Pem)?.FirstOrDefault(one => Certificates.FingerprintOf(one) == token.Authority)
            ?? throw Fault.Of(
                EnrolmentFault.WrongAuthority, FaultKind.Forbidden, $"{origin} is not the origin that the token is for: its authority has another fingerprint. The token was not sent.",
                "Check the address after --join, and what is between this machine and the origin.").ToException();
        var trust = new NetworkTrust(authority.GetNameInfo(X509NameType.SimpleName, false), [authority], []);
        using var proven = Client(NewcomerOptions(certificate => trust.TryIdentify(certificate, Certificates.ServerUse, NodeRole.Origin, time.GetUtcNow(), out _, out var fault) ? null : fault));
        return await SendAsync(
            proven, HttpMethod.Post, EnrolmentEndpoints.JoinPath, JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Default.JoinRequest), ApiJson.Default.CertificateDocument, cancellation);
    }

    /// <summary>Gets another certificate by the one that the node has.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault"/>, the origin's own among them.</exception>
    public async Task<CertificateDocument> RenewAsync(NodeTrust trust, NodeCertificate own, RenewalRequest request, CancellationToken cancellation)
    {
        using var client = new HttpClient(NodeHandler.Create(Patience, trust, own, NodeRole.Origin)) { Timeout = Timeout.InfiniteTimeSpan };
        return await SendAsync(
            client, HttpMethod.Post, $"/v1/nodes/{own.Identity.Name}/certificate", JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Default.RenewalRequest),
            ApiJson.Default.CertificateDocument, cancellation);
    }

    private static SslClientAuthenticationOptions NewcomerOptions(Func<X509Certificate2?, Fault?> judge) => new()
    {
        TargetHost = NodeConnection.JoinName,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = NodeTrust.NothingFetched,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => judge(certificate as X509Certificate2) is { } fault ? throw new AuthenticationException(fault.Message) : true,
    };

    private static HttpClient Client(SslClientAuthenticationOptions options)
        => new(NodeHandler.CreateSecure(Patience, options)) { Timeout = Timeout.InfiniteTimeSpan };

    private async Task<T> SendAsync<T>(HttpClient client, HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        using var request = new HttpRequestMessage(method, new Uri(origin, path));
        if (body is not null)
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new(JsonExchange.Json) } };
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswer, either.Token);
            var answer = await response.Content.ReadAsByteArrayAsync(either.Token);
            if (response.IsSuccessStatusCode)
                return JsonSerializer.Deserialize(answer, type) ?? throw new JsonException("It is null.");
            var problem = JsonSerializer.Deserialize(answer, ProblemJsonContext.Default.ProblemDocument);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed && path == EnrolmentEndpoints.AuthorityPath)
                throw Unreachable("it is another surface, which knows nothing of joining", null);
            throw new FaultException(new Fault(FaultKind.Forbidden, problem!.Code, $"{origin} refused: {problem.Detail}", problem.Cure));
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable($"it did not answer within {Patience.TotalSeconds:0} s", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error.InnerException is AuthenticationException inner ? inner.InnerException?.Message ?? inner.Message : error.Message, error);
        }
        catch (JsonException error)
        {
            throw Unreachable($"its answer makes no sense: {error.Message}", error);
        }
    }

    private FaultException Unreachable(string why, Exception? error) => Fault.Of(
        EnrolmentFault.Origin, FaultKind.Unavailable, $"The origin {origin} can't be asked: {why}",
        "Check that the address after --join is that of the origin's admin surface, and that it runs.").ToException(error);
}
