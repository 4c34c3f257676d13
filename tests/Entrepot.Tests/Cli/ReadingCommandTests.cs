using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Tests.Cli;

public sealed class ReadingCommandTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.AddMirror("images", ("24.04/disk.img", "old disk"), ("24.04/notes", "n"), ("README", "read me"));
        _world.Network.AddSnapshot("images", ("24.04/disk.img", "a newer disk"), ("README", "read me"), ("new", "x"));
        _world.Network.AddMirror("empty");
        _world.Network.Nodes.Add(new NodeDocument(
            new HeartbeatRequest("edge-1", "hall-a", _world.Network.Url, "1.2.3", "why not", 3, 5 << 20, 1, 1 << 30, 10L << 30, 5, false),
            FakeNetwork.Now.AddSeconds(-3), "healthy", "two good beats"));
        _world.Network.Garbage = new GarbageCollectionDocument(
            false, ["images#0"], [new SweptBlob(Sha256Digest.Of("a"u8), 2048, "held by nothing since 2026-01-01")], 2048,
            [new HeldBlob(Sha256Digest.Of("b"u8), 10, "images#2")], 1, 10);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Mirror_list_is_a_table_of_aligned_columns()
        => (await _world.OutputOfAsync("mirror", "list")).ShouldBe(
            """
            NAME    KIND    SNAPSHOT  FILES  SIZE  PUBLISHED             DESCRIPTION
            empty   hosted         0      0   0 B  2026-01-31 12:00:00Z  about empty
            images  hosted         2      3  20 B  2026-01-31 12:00:00Z  about images

            """);

    [Fact]
    public async Task Mirror_show_names_each_value()
    {
        var output = await _world.OutputOfAsync("mirror", "show", "images");

        output.ShouldContain("retention    the newest 10 snapshots stay\n");
        output.ShouldContain("published    2026-01-31 12:00:00Z by operator@127.0.0.1\n");
    }

    [Fact]
    public async Task Snapshot_list_marks_the_current_one()
        => (await _world.OutputOfAsync("snapshot", "list", "images")).Split('\n')[1].ShouldStartWith("     2  current  2026-01-31 12:00:00Z      3  20 B  ");

    [Fact]
    public async Task Snapshot_diff_has_the_signs_of_a_patch()
        => (await _world.OutputOfAsync("snapshot", "diff", "images", "1")).ShouldBe(
            """
               WAS    IS  PATH
            ~  8 B  12 B  24.04/disk.img
            -  1 B        24.04/notes
            +        1 B  new
            1 added, 1 changed, 1 removed from images#1 to #2

            """);

    [Fact]
    public async Task Equal_snapshots_say_so()
        => (await _world.OutputOfAsync("snapshot", "diff", "images", "2", "2")).ShouldStartWith("Snapshots 2 and 2 of 'images' hold the same.");

    [Fact]
    public async Task Nodes_shows_load_and_reason()
        => (await _world.OutputOfAsync("nodes")).ShouldContain("edge-1  hall-a  healthy  " + _world.Network.Url + "          3  5.0 MiB/s  1.0 GiB  10.0 GiB       1  3 s ago  two good beats");

    [Fact]
    public async Task A_choice_is_laid_open_in_a_hundred_columns()
    {
        var table = await _world.OutputOfAsync("ports", "explain", "edge-1");
        table.ShouldContain("REMARK");
        table.ShouldContain("chosen");
        table.ShouldContain("firewall        ·    11 %  the firewall's rules are not known");
        table.Split('\n').Skip(1).Where(static line => !line.Contains("candidates allowed", StringComparison.Ordinal)).ShouldAllBe(static line => line.Length <= 100);

        (await _world.OutputOfAsync("ports", "explain", "edge-1", "--why-not", "54352")).ShouldContain("54352 is leased to 'edge-2'.");
        (await _world.OutputOfAsync("ports", "explain", "edge-1", "--why-not", "54321")).ShouldContain("known from malware or pranks");
    }

    [Fact]
    public async Task Pools_are_drawn_and_one_that_runs_out_is_told()
    {
        var pools = await _world.OutputOfAsync("ports", "pools");
        pools.ShouldContain("edges  54321–54400  ████████████████░░░░  76 %");
        pools.ShouldContain("Pool 'edges' (54321–54400) has 19 of 80 tcp ports left, less than the 30 % that should stay free. Enlarge pool 'edges'");
    }

    [Fact]
    public async Task Ports_list_and_explain_tell_the_reason()
    {
        (await _world.OutputOfAsync("ports", "list")).ShouldContain("8333  tcp       origin  push     bound  in use   entrepot (pid 12)  8333 is wanted and free.");
        var explained = await _world.OutputOfAsync("ports", "explain", "8333");
        explained.ShouldStartWith("8333 is leased to 'push', which listens on it.\n");
        explained.ShouldContain("decision:\n  8333 is wanted and free.\n     8333 wanted    chosen\n");
        explained.ShouldContain("rules:\n  warning: 8333 may be taken. Unless the host reserves the port.\n");
    }

    [Fact]
    public async Task Journal_lists_entries()
        => (await _world.OutputOfAsync("audit", "log")).ShouldContain("1  2026-01-31 12:00:00Z  node:origin        mirror.create  done    images   {\"kind\":\"hosted\"}");

    [Fact]
    public async Task Gc_says_what_would_go_and_why_the_rest_stays()
    {
        var output = await _world.OutputOfAsync("gc", "--dry-run", "--held");

        output.ShouldContain("would drop snapshot images#0\n");
        output.ShouldContain("held by nothing since 2026-01-01\n");
        output.ShouldContain("stays");
        output.ShouldEndWith("Would free 2.0 KiB in 1 blob; 1 blob with 10 B stays.\n");
    }

    [Fact]
    public async Task Verify_of_whole_bytes_is_0_and_of_mended_ones_too()
    {
        (await _world.OutputOfAsync("verify")).ShouldBe("2 blobs with 300 B read: all are whole.\n");
        _world.Network.Damage.Add(new DamageDocument(Sha256Digest.Of("a"u8), [3, 4], true, "fetched from edge-1"));
        (await _world.OutputOfAsync("verify", "images", "--deep")).ShouldContain("mended  fetched from edge-1\n");
    }

    [Fact]
    public async Task Verify_of_damage_that_stays_is_1()
    {
        _world.Network.Damage.Add(new DamageDocument(Sha256Digest.Of("a"u8), [3], false, "no other copy"));

        var (code, output, _) = await _world.RunAsync("verify");

        code.ShouldBe(1);
        output.ShouldContain("DAMAGED  no other copy\n");
        output.ShouldEndWith("2 blobs with 300 B read: 0 mended, 1 still damaged.\n");
    }

    [Theory]
    [InlineData("mirror list", "1.name", "images")]
    [InlineData("mirror show images", "current.number", "2")]
    [InlineData("snapshot list images", "0.isCurrent", "True")]
    [InlineData("snapshot diff images 1 2", "changed.0.path", "24.04/disk.img")]
    [InlineData("nodes", "0.last.node", "edge-1")]
    [InlineData("ports list", "0.service", "push")]
    [InlineData("ports explain 8333", "lease.generation", "7")]
    [InlineData("ports explain edge-1 --why-not 54352", "whyNot.port", "54352")]
    [InlineData("audit log --since 24h --who node:origin", "0.action", "mirror.create")]
    [InlineData("gc --dry-run", "sweptBytes", "2048")]
    [InlineData("verify", "done", "True")]
    [InlineData("version", "runtime", null)]
    [InlineData("config show", "edges.count", "2")]
    public async Task Programs_get_the_document_itself(string line, string path, string? expected)
    {
        var value = await _world.JsonOfAsync(line.Split(' '));
        foreach (var step in path.Split('.'))
            value = int.TryParse(step, out var index) ? value[index] : value.GetProperty(step);
        if (expected is not null)
            value.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("mirror list")]
    [InlineData("mirror show images")]
    [InlineData("snapshot list images")]
    [InlineData("nodes")]
    [InlineData("doctor --data nowhere")]
    [InlineData("--help")]
    public async Task A_pipe_gets_no_escape_codes_and_no_blanks_at_line_ends(string line)
    {
        var (_, output, error) = await _world.RunAsync(line.Split(' '));

        (output + error).ShouldNotContain("\u001b");
        if (line != "--help")
            output.Split('\n').ShouldAllBe(l => !l.EndsWith(' '));
    }

    [Fact]
    public async Task A_terminal_gets_colours_unless_NO_COLOR_is_set()
    {
        _world.IsTerminal = true;
        (await _world.OutputOfAsync("mirror", "list")).ShouldContain("\u001b[");
        _world.Variables["NO_COLOR"] = "1";
        (await _world.OutputOfAsync("mirror", "list")).ShouldNotContain("\u001b[");
        _world.Variables.Remove("NO_COLOR");
        _world.Variables["TERM"] = "dumb";
        (await _world.OutputOfAsync("mirror", "list")).ShouldNotContain("\u001b[");
    }

    [Fact]
    public async Task Text_from_elsewhere_can_not_steer_the_terminal()
    {
        _world.Network.Mirrors["images"][^1] = _world.Network.Mirrors["images"][^1] with { Note = "\u001b[31mred\u0007" };

        (await _world.OutputOfAsync("snapshot", "list", "images")).ShouldContain("\uFFFD[31mred\uFFFD");
    }
}
