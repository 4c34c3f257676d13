using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Trust.Access;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.OpenIdConnect;

/// <summary>A provider that does not answer, answers too much, or answers nonsense.</summary>
public sealed class ProviderClientTests
{
    private static readonly ProviderOptions Options = new("https://login.example", "entrepot", new Dictionary<string, Role>());

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task One_that_hangs_is_left_after_ten_seconds_and_not_asked_again_at_once()
    {
        var asked = 0;
        using var client = Client(async stop =>
        {
            asked++;
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            throw new InvalidOperationException();
        });

        var first = client.DescribeAsync(null, default);
        first.IsCompleted.ShouldBeFalse();
        _time.Advance(ProviderClient.Patience);
        (await FaultAsync(first)).Message.ShouldContain("did not answer within 10 s");
        (await FaultAsync(client.DescribeAsync(null, default))).Is(OidcFault.Provider).ShouldBeTrue();
        asked.ShouldBe(1);

        _time.Advance(ProviderClient.Pause);
        var again = client.DescribeAsync(null, default);
        _time.Advance(ProviderClient.Patience);
        await FaultAsync(again);
        asked.ShouldBe(2);
    }

    [Theory]
    [InlineData(200, "nonsense")]
    [InlineData(200, "[]")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"issuer":"https://login.example"}""")]
    [InlineData(302, "")]
    [InlineData(500, "")]
    public async Task Nonsense_is_a_fault_and_no_exception(int status, string body)
    {
        using var client = Client(_ => Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) }));
        var fault = await FaultAsync(client.DescribeAsync(null, default));
        fault.Kind.ShouldBe(FaultKind.Unavailable);
        fault.Code.ShouldBeOneOf("oidc/provider", "oidc/issuer");
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_the_end()
    {
        using var client = Client(_ => Task.FromResult(new HttpResponseMessage { Content = new StreamContent(new MemoryStream(new byte[2 * ProviderClient.MaxAnswer])) }));
        (await FaultAsync(client.DescribeAsync(null, default))).Is(OidcFault.Provider).ShouldBeTrue();
    }

    [Theory]
    [InlineData("https://login.example/token", "https://login.example", true)]
    [InlineData("http://login.example/token", "https://login.example", false)]
    [InlineData("http://127.0.0.1/token", "https://login.example", false)]
    [InlineData("http://127.0.0.1/token", "http://localhost:4000", true)]
    [InlineData("https://me:secret@login.example/", "https://login.example", false)]
    [InlineData("file:///etc/passwd", "https://login.example", false)]
    [InlineData("/token", "https://login.example", false)]
    public void Only_safe_addresses_are_asked(string address, string issuer, bool expected) => ProviderClient.IsSafe(address, issuer).ShouldBe(expected);

    [Theory]
    [InlineData("invalid_grant", "invalid_grant")]
    [InlineData("<script>", "no reason is told")]
    [InlineData(null, "no reason is told")]
    public void Only_words_of_the_protocol_are_shown(string? told, string expected) => ProviderClient.ErrorWord(told).ShouldBe(expected);

    private static async Task<Fault> FaultAsync(Task work) => (await work.ShouldThrowAsync<FaultException>()).Fault;

    private ProviderClient Client(Func<CancellationToken, Task<HttpResponseMessage>> answer) => new(Options, new Answering(answer), _time, NullLogger.Instance);

    private sealed class Answering(Func<CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(cancellationToken);
    }
}
