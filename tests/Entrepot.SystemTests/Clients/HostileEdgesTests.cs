using System.Globalization;
using Entrepot.Mirror.Replication;

namespace Entrepot.SystemTests.Clients;

/// <summary>One large file, three edges: one is killed and one corrupts its cache while real clients download.</summary>
public sealed class HostileEdgesTests : IAsyncLifetime
{
    private const int Good = 0;
    private const int Killed = 1;
    private const int Corrupting = 2;

    private readonly long _size = Soak.Bytes(256L << 20, 2L << 30);
    private TestNetwork _network = null!;
    private string _digest = "";

    private string Path => "images/24.04/disk.img";

    public async ValueTask InitializeAsync()
    {
        _network = await TestNetwork.StartAsync(3);
        var file = _network.Folder["disk.img"];
        _digest = TestFolder.WriteRandom(file, _size, 24);
        (await _network.Origin.CommandAsync("mirror", "create", "images")).ShouldSucceed();
        (await _network.Origin.CommandAsync("push", file, Path)).ShouldSucceed();
        File.Delete(file);
        // Every edge holds all of it, so what happens next happens to bytes that were right once.
        foreach (var edge in _network.Edges)
            (await Command.RunAsync("curl", "-fsS", "-o", "/dev/null", $"{edge.Url("edge")}{Path}")).ShouldSucceed();
    }

    public ValueTask DisposeAsync() => _network.DisposeAsync();

    [Fact]
    public async Task Every_client_gets_the_bytes_that_were_pushed()
    {
        Command.Require("curl");
        Command.Require("aria2c");
        var (pulled, fetched, curled) = (_network.Folder["pulled.img"], _network.Folder["aria2/disk.img"], _network.Folder["curled.img"]);
        Corrupt(_network.Folder[$"edge-{Corrupting}"]);

        using var pull = Command.Start(EntrepotProcess.Program, "pull", Path, "-o", pulled, "--data", _network.Origin.Data);
        using var aria2c = Command.Start(
            "aria2c", "--dir", _network.Folder["aria2"], "--max-connection-per-server=4", "--max-tries=10", "--retry-wait=1", "--split=6", "--console-log-level=warn",
            "--summary-interval=0", "--check-integrity=true", $"{_network.Scheduler}{Path}.meta4");
        using var curl = Command.Start(
            "curl", "-fsSL", "--retry", "30", "--retry-all-errors", "--retry-delay", "1", "-o", curled, $"{_network.Scheduler}{Path}");
        await Poll.UntilAsync(
            () => Task.FromResult(SizeOf(curled) > _size / 50 || SizeOf(PartPlace.Of(pulled)) > 0 || curl.HasEnded), TimeSpan.FromSeconds(60),
            () => "no client has begun");
        await _network.Edges[Killed].KillAsync();

        (await pull.EndAsync()).ShouldSucceed();
        (await aria2c.EndAsync()).ShouldSucceed();
        (await curl.EndAsync()).ShouldSucceed();
        TestFolder.HashOf(pulled).ShouldBe(_digest, "entrepot pull");
        TestFolder.HashOf(fetched).ShouldBe(_digest, "aria2c");
        TestFolder.HashOf(curled).ShouldBe(_digest, "curl -L");

        // The network says what happened: the dead edge is out, with a reason; the corrupting one found and mended its pieces.
        await _network.UntilHealthyAsync(2);
        var explained = await Command.RunAsync("curl", "-fsS", $"{_network.Scheduler}{Path}?explain&format=json");
        explained.ShouldSucceed().Output.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"cache-{Killed}"));
        _network.Edges[Corrupting].Output.ShouldContain("rotten", Case.Insensitive, _network.Edges[Corrupting].Output);
        _network.Edges[Good].Output.ShouldNotContain("rotten", Case.Insensitive);
    }

    private static long SizeOf(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    /// <summary>Flips one byte in every 256 KiB of everything large that the edge keeps.</summary>
    private static void Corrupt(string folder)
    {
        var flipped = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(static file => new FileInfo(file).Length > 64 << 20))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            for (long offset = 1000; offset < stream.Length; offset += 256 * 1024, flipped++)
            {
                stream.Position = offset;
                var value = stream.ReadByte();
                stream.Position = offset;
                stream.WriteByte((byte)(value ^ 0x40));
            }
        }

        flipped.ShouldBeGreaterThan(100);
    }
}
