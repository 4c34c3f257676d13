using System.Net;
using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>The built-in registry, over a real connection.</summary>
public sealed class ServicesTests : IAsyncLifetime
{
    private static readonly ServiceDocument Edge = new("edge", "edge-1", "local", "127.0.0.1", 54321, "tcp", "http://127.0.0.1:54321", 7, ["loopback", "http"]);

    private MetadataSite _site = null!;

    public async ValueTask InitializeAsync()
    {
        _site = await MetadataSite.StartAsync();
        _site.Services = [Edge, Edge with { Node = "edge-2", Port = 54322, Generation = null }, Edge with { Service = "push", Node = "origin", Port = 8333 }];
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Every_instance_is_listed()
    {
        var services = (await _site.GetJsonAsync("/v1/services")).EnumerateArray().ToList();

        services.Count.ShouldBe(3);
        services[0].ToString().ShouldBe(
            """{"service":"edge","node":"edge-1","site":"local","address":"127.0.0.1","port":54321,"protocol":"tcp","url":"http://127.0.0.1:54321","generation":7,"tags":["loopback","http"]}""");
        services[1].TryGetProperty("generation", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task One_service_has_its_instances_or_none()
    {
        Ports(await _site.GetJsonAsync("/v1/services/edge")).ShouldBe([54321, 54322]);
        Ports(await _site.GetJsonAsync("/v1/services/scheduler")).ShouldBeEmpty();

        static IEnumerable<int> Ports(JsonElement services) => services.EnumerateArray().Select(static service => service.GetProperty("port").GetInt32());
    }

    [Fact]
    public async Task What_can_be_no_name_is_refused()
    {
        using var response = await _site.GetAsync("/v1/services/Edge%201");

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).ShouldContain("'Edge 1' is not the name of a service.");
    }

    [Theory]
    [InlineData("/v1/services")]
    [InlineData("/v1/services/edge")]
    public async Task An_unchanged_list_is_not_sent_again(string path)
    {
        using var first = await _site.GetAsync(path);
        var tag = first.Headers.ETag!.ToString();

        using var second = await _site.GetAsync(path, ("If-None-Match", tag));
        second.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await second.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();

        _site.Services = [Edge with { Port = 54323, Generation = 8 }];
        using var third = await _site.GetAsync(path, ("If-None-Match", tag));
        third.StatusCode.ShouldBe(HttpStatusCode.OK);
        third.Headers.ETag!.ToString().ShouldNotBe(tag);
        third.Headers.CacheControl!.ToString().ShouldBe("no-cache");
    }
}
