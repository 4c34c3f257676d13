using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Tests.Cli;

public sealed class PullCommandTests : IAsyncLifetime
{
    private CliWorld _world = null!;
    private CancellationTokenSource _stop = null!;
    private Task _pump = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.AddMirror("images", ("24.04/disk.img", "an old disk"), ("24.04/ä b", "umlaut"), ("README", ""));
        _world.Network.AddSnapshot("images", ("24.04/disk.img", "a newer disk"), ("24.04/ä b", "umlaut"), ("README", ""));
        _world.Network.Nodes.Add(new NodeDocument(
            new HeartbeatRequest("edge-1", "local", _world.Network.Url, "1", "", 0, 0, 0, 0, 0, 0, false), FakeNetwork.Now, "healthy", ""));
        _stop = new CancellationTokenSource();
        _pump = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                _world.Time.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(2, CancellationToken.None);
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pump;
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_file_arrives_whole_with_its_time()
    {
        var output = await _world.OutputOfAsync("pull", "images/24.04/disk.img", "-o", _world.Path("out.img"));

        output.ShouldStartWith($"{_world.Path("out.img")}: 12 B verified in ");
        output.ShouldContain("12 B from edge-1");
        output.ShouldEndWith(Sha256Digest.Of("a newer disk"u8) + "\n");
        File.ReadAllText(_world.Path("out.img")).ShouldBe("a newer disk");
        File.GetLastWriteTimeUtc(_world.Path("out.img")).ShouldBe(FakeNetwork.Now.UtcDateTime);
    }

    [Fact]
    public async Task A_terminal_sees_one_bar_for_all_and_one_for_each_edge()
    {
        _world.IsTerminal = true;

        var (code, output, error) = await _world.RunAsync("pull", "images/", "-o", _world.Path("out"));

        code.ShouldBe(0);
        error.ShouldContain("pulling 3 files");
        error.ShouldContain("└ edge-1");
        error.ShouldContain("18 B/18 B");
        output.ShouldNotContain("pulling");
    }

    [Fact]
    public async Task A_file_goes_into_a_folder_under_its_own_name()
    {
        Directory.CreateDirectory(_world.Path("there"));
        await _world.OutputOfAsync("pull", "images/24.04/disk.img", "-o", _world.Path("there"));
        await _world.OutputOfAsync("pull", "images/24.04/disk.img", "-o", _world.Path("made/"));

        File.Exists(_world.Path("there/disk.img")).ShouldBeTrue();
        File.Exists(_world.Path("made/disk.img")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_folder_arrives_with_all_below_it()
    {
        var output = await _world.OutputOfAsync("pull", "images/", "-o", _world.Path("out"));

        output.ShouldStartWith("3 files: 18 B verified in ");
        output.ShouldEndWith("snapshot 2\n");
        Tree("out").ShouldBe(["24.04/disk.img=a newer disk", "24.04/ä b=umlaut", "README="]);
    }

    [Fact]
    public async Task A_subfolder_of_an_older_snapshot_arrives_without_its_own_path()
    {
        await _world.OutputOfAsync("pull", "images/24.04/", "--snapshot", "1", "-o", _world.Path("out"));

        Tree("out").ShouldBe(["disk.img=an old disk", "ä b=umlaut"]);
    }

    [Fact]
    public async Task What_is_there_already_is_not_fetched_again_and_what_differs_is()
    {
        _world.Write("out/24.04/ä b", "umlaut");
        _world.Write("out/24.04/disk.img", "a newer dusk");

        var report = await _world.JsonOfAsync("pull", "images/", "-o", _world.Path("out"));

        report.GetProperty("alreadyThere").GetInt64().ShouldBe(6);
        report.GetProperty("fetched").GetInt64().ShouldBe(12);
        Tree("out").ShouldBe(["24.04/disk.img=a newer disk", "24.04/ä b=umlaut", "README="]);
        _world.Network.Requests.Count(r => r == $"GET /v1/blobs/{Sha256Digest.Of("umlaut"u8)}").ShouldBe(0);
    }

    [Fact]
    public async Task When_no_edge_can_the_origin_does_and_it_is_said()
    {
        _world.Network.Nodes[0] = _world.Network.Nodes[0] with { Last = _world.Network.Nodes[0].Last with { Url = "http://127.0.0.1:1" } };

        var (code, output, error) = await _world.RunAsync("pull", "images/24.04/disk.img", "-o", _world.Path("out.img"));

        code.ShouldBe(0, error);
        error.ShouldContain("going on at the origin.");
        output.ShouldContain("12 B from origin");
    }

    [Fact]
    public async Task Bytes_that_are_nowhere_right_are_10_and_leave_no_file()
    {
        _world.Network.Blobs[Sha256Digest.Of("a newer disk"u8)] = "a newer dusk"u8.ToArray();
        // The fingerprint must stay that of the true bytes; only the bytes lie.
        _world.Network.FingerprintOf = static digest => digest == Sha256Digest.Of("a newer disk"u8) ? "a newer disk"u8.ToArray() : null;

        var (code, _, error) = await _world.RunAsync("pull", "images/24.04/disk.img", "-o", _world.Path("out.img"));

        code.ShouldBe(10, error);
        error.ShouldContain("entrepot: Piece 0 failed ");
        error.ShouldContain("from origin is wrong: 12 bytes with SHA-256");
        error.ShouldNotContain("..\n");
        File.Exists(_world.Path("out.img")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_fingerprint_that_contradicts_itself_is_refused()
    {
        _world.Network.FingerprintOf = static _ => "something else"u8.ToArray();

        var (code, _, error) = await _world.RunAsync("pull", "images/24.04/disk.img", "-o", _world.Path("out.img"));

        code.ShouldBe(10);
        error.ShouldContain("contradicts");
    }

    [Fact]
    public async Task A_stated_digest_is_compared_before_anything_is_fetched()
    {
        var (code, _, error) = await _world.RunAsync("pull", "images/24.04/disk.img", "-o", _world.Path("out.img"), "--sha256", new string('0', 64));

        code.ShouldBe(6);
        error.ShouldContain($"the mirror has {Sha256Digest.Of("a newer disk"u8).Hex}");
        File.Exists(_world.Path("out.img")).ShouldBeFalse();
        await _world.OutputOfAsync("pull", "images/24.04/disk.img", "-o", _world.Path("out.img"), "--sha256", Sha256Digest.Of("a newer disk"u8).Hex.ToUpperInvariant());
    }

    [Theory]
    [InlineData("images/absent", "out", 3, "There is nothing at /v1/mirrors/images/tree/absent.")]
    [InlineData("absent/", "out", 3, "There is nothing at /v1/mirrors/absent")]
    [InlineData("images/", "file", 4, "is a file, and images/ is a folder.")]
    [InlineData("images/README", "file/below", 9, "can't be made")]
    public async Task What_can_not_be_pulled_is_named(string source, string output, int expected, string message)
    {
        _world.Write("file", "here");

        var (code, _, error) = await _world.RunAsync("pull", source, "-o", _world.Path(output));

        code.ShouldBe(expected, error);
        error.ShouldContain(message);
    }

    private IEnumerable<string> Tree(string folder)
        => Directory.EnumerateFiles(_world.Path(folder), "*", SearchOption.AllDirectories)
            .Select(file => $"{Path.GetRelativePath(_world.Path(folder), file).Replace('\\', '/')}={File.ReadAllText(file)}").Order(StringComparer.Ordinal);
}
