using System.Net;
using System.Text.RegularExpressions;

namespace Entrepot.FunctionalTests.OpenIdConnect;

/// <summary>An answer as a browser got it.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, Uri? Location, IReadOnlyList<string> Cookies)
{
    /// <summary>The code of a refusal on a page.</summary>
    public string Code => Regex.Match(Text, "<p><code>([a-z/-]+)</code></p>").Groups[1].Value;

    /// <summary>The hidden member of a form.</summary>
    public string Ticket => Regex.Match(Text, "name=\"ticket\" value=\"([^\"]+)\"").Groups[1].Value;
}

/// <summary>As much of a browser as a sign-in takes: cookies, and redirects one by one.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = new CookieContainer(), UseCookies = true }) { Timeout = TimeSpan.FromSeconds(30) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public Task<Answer> GetAsync(string url) => SendAsync(HttpMethod.Get, url, null, null);

    public async Task<Answer> SendAsync(HttpMethod method, string url, string? origin, HttpContent? body)
    {
        using var request = new HttpRequestMessage(method, url) { Content = body };
        request.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        if (origin is not null)
            request.Headers.TryAddWithoutValidation("Origin", origin);
        using var response = await _http.SendAsync(request, Cancellation);
        return new Answer(
            response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation), response.Headers.Location,
            response.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies] : []);
    }

    /// <summary>Begins at an address and goes wherever it is sent.</summary>
    /// <returns>The end, and every address on the way.</returns>
    public async Task<(Answer End, IReadOnlyList<string> Way)> FollowAsync(string url)
    {
        var way = new List<string> { url };
        while (true)
        {
            var answer = await GetAsync(way[^1]);
            if (answer.Location is not { } next || way.Count > 10)
                return (answer, way);
            way.Add(new Uri(new Uri(way[^1]), next).AbsoluteUri);
        }
    }

    public void Dispose() => _http.Dispose();
}
