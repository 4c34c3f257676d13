using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>The four truths and the findings over HTTP, with this host's own sockets.</summary>
public sealed class PortStatusTests : IAsyncLifetime
{
    private MetadataSite _site = null!;
    private Socket _listener = null!;

    public async ValueTask InitializeAsync()
    {
        _site = await MetadataSite.StartAsync();
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return _site.DisposeAsync();
    }

    private int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    [Fact]
    public async Task This_machine_is_told_of_every_listener()
    {
        var status = await _site.GetJsonAsync("/v1/ports/status");
        status.GetProperty("node").GetString().ShouldBe("origin");
        status.GetProperty("notes")[0].GetString().ShouldBe("permitted is not known: not asked");
        var row = status.GetProperty("ports").EnumerateArray().Single(row => row.GetProperty("port").GetInt32() == Port && row.GetProperty("protocol").GetString() == "tcp");
        row.GetProperty("declared").GetString().ShouldBe("No");
        row.GetProperty("permitted").GetString().ShouldBe("Unknown");
        row.GetProperty("verdict").GetString().ShouldBe("Local");
        row.GetProperty("listeners")[0].GetProperty("address").GetString().ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task A_declared_port_without_a_listener_becomes_a_finding_that_can_be_acknowledged_but_not_resolved()
    {
        var port = Port;
        _listener.Dispose();
        _site.Declared = [new DeclaredPort("web", PortProtocol.Tcp, port, null, "portfile")];
        await _site.Ports.Watcher.TickAsync(TestContext.Current.CancellationToken);
        _site.Time.Advance(TimeSpan.FromSeconds(2));
        await _site.Ports.Watcher.TickAsync(TestContext.Current.CancellationToken);

        var finding = (await _site.GetJsonAsync("/v1/ports/findings")).EnumerateArray().Single(finding => finding.GetProperty("port").GetInt32() == port);
        finding.GetProperty("kind").GetString().ShouldBe("Silent");
        finding.GetProperty("state").GetString().ShouldBe("New");
        var id = finding.GetProperty("id").GetInt64();
        using var marked = await _site.OrderAsync(HttpMethod.Post, $"/v1/ports/findings/{id}/acknowledge", """{"note":"it comes on Monday"}""");
        marked.StatusCode.ShouldBe(HttpStatusCode.OK);
        // Whatever else listens on the machine is found as well.
        (await _site.GetJsonAsync("/v1/ports/findings")).EnumerateArray().Single(finding => finding.GetProperty("id").GetInt64() == id).GetProperty("state").GetString().ShouldBe("Acknowledged");
        using var unknown = await _site.OrderAsync(HttpMethod.Post, "/v1/ports/findings/999/fix", "{}");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var resolve = await _site.OrderAsync(HttpMethod.Post, $"/v1/ports/findings/{id}/resolve", "{}");
        resolve.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Nothing_is_known_of_reach_before_anybody_tried()
        => (await _site.GetJsonAsync("/v1/ports/reach")).GetArrayLength().ShouldBe(0);
}
