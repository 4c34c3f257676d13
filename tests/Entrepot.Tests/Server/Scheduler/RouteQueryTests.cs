using Entrepot.Core.Identities;
using Entrepot.Server.Scheduler;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Tests.Server.Scheduler;

public sealed class RouteQueryTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public void Nothing_asked_is_nothing_wanted()
    {
        Read("", out var query).ShouldBeTrue();
        query.ShouldBe(default);
        Read("?utm_source=x&Explain2", out query).ShouldBeTrue();
        query.ShouldBe(default);
    }

    [Theory]
    [InlineData("?explain")]
    [InlineData("?explain=")]
    [InlineData("?explain=1")]
    public void A_word_is_enough(string text)
    {
        Read(text, out var query).ShouldBeTrue();
        query.Explain.ShouldBeTrue();
        query.MirrorList.ShouldBeFalse();
    }

    [Theory]
    [InlineData($"?digest=sha256:{Hex}")]
    [InlineData($"?digest=sha256%3A{Hex}")]
    [InlineData($"?digest={Hex}")]
    public void A_digest_is_read_in_every_usual_form(string text)
    {
        Read(text, out var query).ShouldBeTrue();
        query.Digest.ShouldBe(Sha256Digest.Parse(Hex));
    }

    [Theory]
    [InlineData("?digest=")]
    [InlineData("?digest=md5:abc")]
    [InlineData($"?digest={Hex}0")]
    [InlineData($"?digest={Hex}&digest={Hex}")]
    [InlineData("?avoid=Bad Name")]
    [InlineData("?avoid=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q")]
    public void What_is_not_well_formed_is_refused(string text)
    {
        RouteQuery.TryRead(Request(text), out _, out var fault).ShouldBeFalse();
        fault!.Is(SchedulerFault.Query).ShouldBeTrue();
        fault.Cure.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void Sixteen_edges_may_be_avoided()
    {
        Read("?avoid=a,b,c,d,e,f,g,h&avoid=i,j,k,l,m,n,o,p", out var query).ShouldBeTrue();
        query.Avoid!.Count.ShouldBe(RouteQuery.MaxAvoid);
    }

    private static bool Read(string text, out RouteQuery query) => RouteQuery.TryRead(Request(text), out query, out _);

    private static HttpRequest Request(string query)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString(query);
        return request;
    }
}
