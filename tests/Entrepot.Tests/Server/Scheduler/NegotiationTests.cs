using Entrepot.Server.Scheduler;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Tests.Server.Scheduler;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData("", null, false)]
    [InlineData("", "*/*", false)]
    [InlineData("", "text/html", false)]
    [InlineData("", "application/json", true)]
    [InlineData("", "Application/JSON", true)]
    [InlineData("", "application/json, */*", true)]
    [InlineData("", "application/json;q=0.5, text/html", false)]
    [InlineData("", "application/json;q=0, */*;q=0", false)]
    [InlineData("", "text/html, application/json;q=0.9, */*;q=0.8", false)]
    [InlineData("", "\u0001;;,", false)]
    [InlineData("?format=json", "text/html", true)]
    [InlineData("?format=html", "application/json", false)]
    [InlineData("?explain&format=json", null, true)]
    public void The_query_decides_before_what_the_client_accepts(string query, string? accept, bool json)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString(query);
        if (accept is not null)
            request.Headers.Accept = accept;
        Negotiation.WantsJson(request).ShouldBe(json);
    }
}
