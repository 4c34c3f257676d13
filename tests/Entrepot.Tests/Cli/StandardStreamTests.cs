using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Replication;

namespace Entrepot.Tests.Cli;

/// <summary>Pulls and pushes whose other end is no plain file.</summary>
public sealed class StandardStreamTests : IAsyncLifetime
{
    private CliWorld _world = null!;
    private CancellationTokenSource _stop = null!;
    private Task _pump = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.AddMirror("images", ("disk.img", "a disk"), ("README", ""));
        _stop = new CancellationTokenSource();
        _pump = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                _world.Time.Advance(TimeSpan.FromMilliseconds(100));
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
    public async Task A_pull_to_the_standard_output_writes_the_bytes_and_nothing_else()
    {
        (await _world.OutputOfAsync("pull", "images/disk.img", "-o", "-")).ShouldBe("");

        Encoding.UTF8.GetString(_world.OutputBytes!.ToArray()).ShouldBe("a disk");
        File.Exists("-").ShouldBeFalse();
    }

    [Fact]
    public async Task The_report_of_a_pull_to_the_standard_output_goes_to_the_error_output()
    {
        var (code, output, error) = await _world.RunAsync("pull", "images/disk.img", "-o", "-", "--output", "json");

        code.ShouldBe(0, error);
        output.ShouldBe("");
        JsonDocument.Parse(error).RootElement.GetProperty("files")[0].GetProperty("file").GetString().ShouldBe("-");
    }

    [Fact]
    public async Task Bytes_that_are_not_proven_do_not_get_to_the_standard_output()
    {
        _world.Network.Blobs[Sha256Digest.Of("a disk"u8)] = "a dusk"u8.ToArray();
        _world.Network.FingerprintOf = static digest => digest == Sha256Digest.Of("a disk"u8) ? "a disk"u8.ToArray() : null;

        (await _world.RunAsync("pull", "images/disk.img", "-o", "-")).Code.ShouldBe(10);

        _world.OutputBytes.ShouldBeNull();
    }

    [Fact]
    public async Task A_folder_does_not_go_to_the_standard_output()
    {
        var (code, _, error) = await _world.RunAsync("pull", "images/", "-o", "-");

        code.ShouldBe(2);
        error.ShouldContain("images/ is a folder, and only one file goes to the standard output");
        _world.OutputBytes.ShouldBeNull();
    }

    [Fact]
    public async Task A_push_reads_the_standard_input()
    {
        _world.InputBytes = "from a pipe"u8.ToArray();

        await _world.OutputOfAsync("push", "-", "images/piped");

        var published = _world.Network.Mirrors["images"][^1].Files["piped"];
        Encoding.UTF8.GetString(_world.Network.Blobs[published.Blob]).ShouldBe("from a pipe");
    }

    [Fact]
    public async Task A_push_of_the_standard_input_needs_the_files_name()
    {
        var (code, _, error) = await _world.RunAsync("push", "-", "images/");

        code.ShouldBe(2);
        error.ShouldContain("the standard input has no name to put behind 'images/'");
    }

    [Fact]
    public async Task A_folder_is_not_begun_when_one_of_its_places_can_not_be_used()
    {
        Directory.CreateDirectory(_world.Path("out"));
        File.CreateSymbolicLink(_world.Path("out/README"), "/nowhere/at/all");

        var (code, _, error) = await _world.RunAsync("pull", "images/", "-o", _world.Path("out"));

        code.ShouldBe(2, error);
        error.ShouldContain("README' is a symbolic link to nothing");
        Directory.GetFileSystemEntries(_world.Path("out")).ShouldBe([_world.Path("out/README")]);
    }

    [Fact]
    public async Task A_mirrors_file_does_not_get_to_where_pulls_keep_their_parts()
    {
        var place = $"{PartPlace.Folder}/{Path.GetFileName(PartPlace.Of("/x/disk.img"))}";
        _world.Network.AddMirror("hostile", ("disk.img", "a disk"), (place, "not a disk"));

        var (code, _, error) = await _world.RunAsync("pull", "hostile/", "-o", _world.Path("out"));

        code.ShouldBe(4, error);
        error.ShouldContain("where pulls keep their parts. Nothing was downloaded.");
        Directory.Exists(_world.Path("out")).ShouldBeFalse();
        await _world.OutputOfAsync("pull", $"hostile/{place}", "-o", _world.Path("alone"));
        (await File.ReadAllTextAsync(_world.Path("alone"), TestContext.Current.CancellationToken)).ShouldBe("not a disk");
    }

    [Fact]
    public async Task What_an_interrupted_pull_left_is_not_pushed()
    {
        _world.Write($"tree/{PartPlace.Folder}/0123", "half");
        _world.Write("tree/file", "whole");

        var (code, _, error) = await _world.RunAsync("push", _world.Path("tree"), "images/");

        code.ShouldBe(4);
        error.ShouldContain(".entrepot-pull: here an interrupted pull keeps its parts.");
    }

    [Fact]
    public async Task When_everybody_refuses_it_is_told_once_soon_and_with_the_cure()
    {
        _world.Network.RefusedBytes = "The cache is closed.";

        var (code, _, error) = await _world.RunAsync("pull", "images/disk.img", "-o", _world.Path("out"));

        code.ShouldBe(10, error);
        // Three times the edge, three times the origin.
        _world.Network.Requests.Count(static request => request == $"GET /v1/blobs/{Sha256Digest.Of("a disk"u8)}").ShouldBe(6);
        error.ShouldContain("answered 503 Service Unavailable: The cache is closed");
        error.ShouldContain("\n  Run 'entrepot verify --deep'.");
        error.Split('\n').Count(static line => line.Contains("is left alone for", StringComparison.Ordinal)).ShouldBe(2);
    }
}
