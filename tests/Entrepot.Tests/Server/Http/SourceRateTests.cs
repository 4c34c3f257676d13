using System.Net;
using Entrepot.Ports.Declarations;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Entrepot.Tests.Server.Http;

public sealed class SourceRateTests
{
    [Fact]
    public async Task A_source_gets_its_number_and_then_429_while_others_are_served()
    {
        await using var surface = new Surface(new AccessRate(3, TimeSpan.FromDays(1)));
        for (var i = 0; i < 3; i++)
            (await surface.AskAsync("192.0.2.1")).ShouldBe(200);
        (await surface.AskAsync("192.0.2.1")).ShouldBe(429);
        (await surface.AskAsync("192.0.2.2")).ShouldBe(200);
    }

    [Fact]
    public async Task An_ipv6_network_of_one_subscriber_and_a_mapped_address_are_one_source_each()
    {
        await using var surface = new Surface(new AccessRate(1, TimeSpan.FromDays(1)));
        (await surface.AskAsync("2001:db8::1")).ShouldBe(200);
        (await surface.AskAsync("2001:db8::2:3")).ShouldBe(429);
        (await surface.AskAsync("2001:db8:0:1::1")).ShouldBe(200);
        (await surface.AskAsync("::ffff:192.0.2.1")).ShouldBe(200);
        (await surface.AskAsync("192.0.2.1")).ShouldBe(429);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("192.0.2.99")]
    public async Task This_machine_is_not_counted(string address)
    {
        await using var surface = new Surface(new AccessRate(1, TimeSpan.FromDays(1)));
        for (var i = 0; i < 3; i++)
            (await surface.AskAsync(address)).ShouldBe(200);
    }

    [Theory]
    [InlineData("100/hour", 100, 3600)]
    [InlineData("1/second", 1, 1)]
    [InlineData("1000000/day", 1_000_000, 86_400)]
    public void Rates_are_read_and_written_the_same(string text, int count, int seconds)
    {
        AccessRate.TryParse(text, out var rate).ShouldBeTrue();
        rate.ShouldBe(new AccessRate(count, TimeSpan.FromSeconds(seconds)));
        rate!.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("100")]
    [InlineData("0/hour")]
    [InlineData("1000001/hour")]
    [InlineData("5/week")]
    [InlineData("-1/hour")]
    public void What_is_no_rate_is_refused(string text) => AccessRate.TryParse(text, out _).ShouldBeFalse();

    private sealed class Surface : IAsyncDisposable
    {
        private readonly RequestDelegate _pipeline;
        private readonly IAsyncDisposable _limit;

        public Surface(AccessRate rate)
        {
            var app = new ApplicationBuilder(new ServiceCollection().BuildServiceProvider());
            _limit = app.UseSourceRate(rate, "push");
            app.Run(static _ => Task.CompletedTask);
            _pipeline = app.Build();
        }

        public async Task<int> AskAsync(string address)
        {
            var context = new DefaultHttpContext();
            context.Connection.RemoteIpAddress = IPAddress.Parse(address);
            context.Connection.LocalIpAddress = IPAddress.Parse("192.0.2.99");
            await _pipeline(context);
            return context.Response.StatusCode;
        }

        public ValueTask DisposeAsync() => _limit.DisposeAsync();
    }
}
