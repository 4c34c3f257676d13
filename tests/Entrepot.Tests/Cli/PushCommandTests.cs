using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;

namespace Entrepot.Tests.Cli;

public sealed class PushCommandTests : IAsyncLifetime
{
    private const int Large = 20 << 20;

    private CliWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.AddMirror("images", ("old/a", "a"), ("other", "o"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("images/24.04/disk.img", "24.04/disk.img")]
    [InlineData("images/24.04/", "24.04/file.img")]
    [InlineData("images/", "file.img")]
    [InlineData("images", "file.img")]
    public async Task A_file_lands_where_cp_would_put_it(string target, string path)
    {
        var output = await _world.OutputOfAsync("push", _world.Write("file.img", "content"), target, "--note", "why");

        output.ShouldStartWith("images#2: 1 added, 0 changed, 0 removed, 0 unchanged; 7 B of 7 B sent.\nroot sha256:");
        var snapshot = _world.Network.Mirrors["images"][^1];
        snapshot.Files.Keys.ShouldBe(["old/a", "other", path], ignoreOrder: true);
        snapshot.Note.ShouldBe("why");
        Encoding.UTF8.GetString(_world.Network.Blobs[snapshot.Files[path].Blob]).ShouldBe("content");
        snapshot.Files[path].Modified.Offset.ShouldBe(TimeSpan.Zero);
        (snapshot.Files[path].Modified.Ticks % TimeSpan.TicksPerSecond).ShouldBe(0);
    }

    [Fact]
    public async Task Folders_without_a_file_are_counted()
    {
        _world.Write("tree/file", "content");
        Directory.CreateDirectory(_world.Path("tree/empty"));
        Directory.CreateDirectory(_world.Path("tree/outer/inner"));

        (await _world.OutputOfAsync("push", _world.Path("tree"), "images/")).ShouldStartWith("3 empty folders left out: a mirror holds files only.\n");
        (await _world.JsonOfAsync("push", _world.Path("tree"), "images/")).GetProperty("emptyFolders").GetInt32().ShouldBe(3);
    }

    [Fact]
    public async Task A_folder_is_one_publication_and_sends_only_what_is_missing()
    {
        _world.Write("tree/one", "same bytes");
        _world.Write("tree/sub/two", "same bytes");
        _world.Write("tree/old/a", "a");
        _world.Write("tree/.hidden/ä ö", "umlaut");

        var report = await _world.JsonOfAsync("push", _world.Path("tree"), "images/");

        report.GetProperty("sentBlobs").GetInt32().ShouldBe(2);
        report.GetProperty("sentBytes").GetInt64().ShouldBe(16);
        report.GetProperty("unchanged").GetInt32().ShouldBe(1);
        Strings(report, "added").ShouldBe([".hidden/ä ö", "one", "sub/two"]);
        _world.Network.Requests.Count(r => r.EndsWith("/snapshots", StringComparison.Ordinal) && r.StartsWith("POST", StringComparison.Ordinal)).ShouldBe(1);
        _world.Network.Mirrors["images"][^1].Files.Keys.ShouldBe([".hidden/ä ö", "old/a", "one", "other", "sub/two"]);
    }

    [Fact]
    public async Task Delete_removes_below_the_target_only()
    {
        _world.Write("tree/new", "n");

        (await _world.OutputOfAsync("push", _world.Path("tree"), "images/old/", "--delete")).ShouldStartWith("images#2: 1 added, 0 changed, 1 removed, 0 unchanged");
        _world.Network.Mirrors["images"][^1].Files.Keys.ShouldBe(["old/new", "other"]);
    }

    [Fact]
    public async Task Delete_asks_on_a_terminal()
    {
        (_world.IsTerminal, _world.Answer) = (true, "no\n");
        _world.Write("tree/new", "n");

        var (code, _, error) = await _world.RunAsync("push", _world.Path("tree"), "images/", "--delete");

        code.ShouldBe(1);
        error.ShouldContain("Remove 2 files from 'images/'? [y/N]");
        _world.Network.Mirrors["images"].Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_dry_run_sends_nothing_and_says_what_would_change()
    {
        _world.Write("tree/old/a", "changed");
        _world.Write("tree/new", "n");

        (await _world.OutputOfAsync("push", _world.Path("tree"), "images/", "--delete", "--dry-run")).ShouldBe(
            """
            + new
            ~ old/a
            - other
            Would publish 2 files (8 B) to images: 1 added, 1 changed, 1 removed, 0 unchanged; 8 B to send.

            """);
        _world.Network.Requests.ShouldAllBe(r => r.StartsWith("GET", StringComparison.Ordinal) || r == "POST /v1/blobs/missing");
    }

    [Fact]
    public async Task A_stated_digest_that_differs_keeps_the_file_here()
    {
        var file = _world.Write("file", "content");

        var (code, _, error) = await _world.RunAsync("push", file, "images/x", "--sha256", new string('0', 64), "--md5", "9a0364b9e99bb480dd25e1f0284c8555", "--crc32", "00000000");

        code.ShouldBe(6);
        error.ShouldContain($"{file}: --sha256 states Sha256 {new string('0', 64)}, the file has {Sha256Digest.Of("content"u8).Hex}; --crc32 states Crc32 00000000");
        _world.Network.Blobs.ContainsKey(Sha256Digest.Of("content"u8)).ShouldBeFalse();
        (await _world.OutputOfAsync("push", file, "images/x", "--sha256", Sha256Digest.Of("content"u8).Hex)).ShouldStartWith("images#2");
    }

    [Theory]
    [InlineData("--sha256", "123", "expected 64 hex digits")]
    [InlineData("--crc32", "xyzxyzxy", "expected 8 hex digits")]
    public async Task A_stated_digest_that_is_none_is_refused(string option, string value, string message)
    {
        var (code, _, error) = await _world.RunAsync("push", _world.Write("file", "content"), "images/x", option, value);

        code.ShouldBe(2);
        error.ShouldContain(message);
    }

    [Theory]
    [InlineData("nothing", "images/x", 3, "There is no file")]
    [InlineData("file", "Images/x", 2, "'Images' is not a mirror name")]
    [InlineData("file", "images/../x", 2, "..")]
    [InlineData("file", "/images/x", 2, "is no target")]
    [InlineData("file", "http://h/x", 2, "is no target")]
    [InlineData("file", "absent/x", 3, "There is nothing at /v1/mirrors/absent/listing")]
    [InlineData("empty", "images/", 2, "holds no file")]
    public async Task What_can_not_be_pushed_is_named(string source, string target, int expected, string message)
    {
        _world.Write("file", "content");
        Directory.CreateDirectory(_world.Path("empty"));

        var (code, _, error) = await _world.RunAsync("push", _world.Path(source), target);

        code.ShouldBe(expected, error);
        error.ShouldContain(message);
        _world.Network.Mirrors["images"].Count.ShouldBe(2);
    }

    [Fact]
    public async Task Everything_that_keeps_a_folder_from_being_pushed_is_told_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "named pipes and links are made as on Linux");
        _world.Write("tree/good", "g");
        File.CreateSymbolicLink(_world.Path("tree/link"), "good");
        File.CreateSymbolicLink(_world.Path("tree/dangling"), "nowhere");
        _world.Write("tree/back\\slash", "b");
        using (var mkfifo = Process.Start("mkfifo", [_world.Path("tree/pipe")]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);

        var (code, _, error) = await _world.RunAsync("push", _world.Path("tree"), "images/");

        code.ShouldBe(2);
        error.ShouldStartWith("entrepot: 4 things keep this from being pushed; nothing was published:\n");
        error.ShouldContain("link: this is a symbolic link. Decide with --links follow or --links skip.");
        error.ShouldContain("dangling: this is a symbolic link.");
        error.ShouldContain("pipe: this is a pipe, socket or device, not a file.");
        error.ShouldContain("U+005C");
        _world.Network.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Links_are_followed_or_skipped_as_asked_and_never_in_a_circle()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "links are made as on Linux");
        _world.Write("outside/file", "out");
        _world.Write("tree/good", "g");
        Directory.CreateSymbolicLink(_world.Path("tree/folder"), "../outside");
        File.CreateSymbolicLink(_world.Path("tree/file"), "good");

        (await _world.OutputOfAsync("push", _world.Path("tree"), "images/", "--links", "follow")).ShouldContain("3 added");
        _world.Network.Mirrors["images"][^1].Files.Keys.ShouldBe(["file", "folder/file", "good", "old/a", "other"]);

        Directory.CreateSymbolicLink(_world.Path("outside/circle"), "../tree");
        var (code, _, error) = await _world.RunAsync("push", _world.Path("tree"), "images/", "--links", "follow");
        code.ShouldBe(2);
        error.ShouldContain("folder/circle: this link leads back to a folder that it stands in.");

        (await _world.OutputOfAsync("push", _world.Path("tree"), "images/s/", "--links", "skip")).ShouldStartWith("2 symbolic links left out: ");
    }

    [Theory]
    [InlineData("longer than before")]
    [InlineData("other!!")]
    [InlineData("short")]
    public async Task A_file_that_changes_while_it_is_pushed_is_found_out_and_nothing_published(string becomes)
    {
        var file = _world.Write("file", "content");
        _world.Network.OnRequest = request =>
        {
            if (request == "POST /v1/blobs/missing")
                File.WriteAllText(file, becomes);
        };

        var (code, _, error) = await _world.RunAsync("push", file, "images/x");

        if (becomes.StartsWith("content", StringComparison.Ordinal))
            return;
        code.ShouldBe(6, error);
        error.ShouldContain("while it was being pushed; nothing was published.");
        _world.Network.Mirrors["images"].Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_large_upload_that_breaks_off_goes_on_where_it_was()
    {
        var bytes = MakeLarge("large");
        foreach (var cut in new[] { 1_000_000, 3_000_000, 10 })
            _world.Network.Cuts.Enqueue(cut);
        using var stop = new CancellationTokenSource();
        var pumping = PumpAsync(stop.Token);

        var (code, output, error) = await _world.RunAsync("push", _world.Path("large"), "images/large");

        await stop.CancelAsync();
        await pumping;
        code.ShouldBe(0, error);
        output.ShouldStartWith("images#2: 1 added");
        _world.Network.Blobs[Sha256Digest.Of(bytes)].SequenceEqual(bytes).ShouldBeTrue();
        _world.Network.Uploads.Count.ShouldBe(1);
        _world.Network.Requests.Count(r => r.StartsWith("HEAD /v1/uploads/", StringComparison.Ordinal)).ShouldBe(3);
    }

    [Fact]
    public async Task A_push_that_was_given_up_goes_on_in_the_next_run()
    {
        var bytes = MakeLarge("large");
        foreach (var cut in Enumerable.Repeat(1, 20).Prepend(2_000_000))
            _world.Network.Cuts.Enqueue(cut);
        using var stop = new CancellationTokenSource();
        var pumping = PumpAsync(stop.Token);
        _world.Network.OnRequest = request =>
        {
            // Nothing moves any more: every question is answered by a closed door.
            if (request.StartsWith("HEAD", StringComparison.Ordinal))
                throw new InvalidOperationException("closed");
        };
        (await _world.RunAsync("push", _world.Path("large"), "images/large")).Code.ShouldBe(10);
        _world.Network.OnRequest = null;
        _world.Network.Cuts.Clear();
        var held = _world.Network.Uploads.Values.Single().Bytes.Length;
        held.ShouldBe(2_000_000);

        (await _world.RunAsync("push", _world.Path("large"), "images/large")).Code.ShouldBe(0);

        await stop.CancelAsync();
        await pumping;
        _world.Network.Uploads.Count.ShouldBe(1);
        _world.Network.Blobs[Sha256Digest.Of(bytes)].Length.ShouldBe(Large);
        Directory.GetFiles(_world.Path(".state/uploads")).ShouldBeEmpty();
    }

    private static IEnumerable<string> Strings(JsonElement report, string name) => report.GetProperty(name).EnumerateArray().Select(static e => e.GetString()!);

    private byte[] MakeLarge(string name)
    {
        var bytes = new byte[Large];
        new Random(7).NextBytes(bytes);
        File.WriteAllBytes(_world.Path(name), bytes);
        return bytes;
    }

    /// <summary>Lets the pauses between attempts pass.</summary>
    private async Task PumpAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            // In small steps, so that a busy machine is not taken for a stalled upload: 90 s of silence are half a second here.
            _world.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            await Task.Delay(5, CancellationToken.None);
        }
    }
}
