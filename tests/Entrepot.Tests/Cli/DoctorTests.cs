using System.Net;
using Entrepot.Cli.Diagnosis;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;

namespace Entrepot.Tests.Cli;

public sealed class DoctorTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("entrepot-doctor-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public void A_folder_that_is_there_or_can_be_made_is_well()
    {
        DataChecks.Folder(_data).Status.ShouldBe(CheckStatus.Ok);
        DataChecks.Folder(Path.Combine(_data, "a", "b")).Finding.ShouldContain("does not exist yet");
        Directory.GetFileSystemEntries(_data).ShouldBeEmpty();
    }

    [Fact]
    public void A_folder_that_can_not_be_made_fails()
    {
        File.WriteAllText(Path.Combine(_data, "file"), "");

        DataChecks.Folder(Path.Combine("/proc", "entrepot")).Status.ShouldBe(OperatingSystem.IsLinux() ? CheckStatus.Fail : CheckStatus.Ok);
    }

    [Fact]
    public void A_folder_that_everyone_may_write_to_warns()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such mode");
            return;
        }

        File.SetUnixFileMode(_data, (UnixFileMode)0b111_111_111);

        DataChecks.Folder(_data).ShouldBe(Check.Warn("data folder", $"everyone may write to '{_data}'", $"chmod o-w '{_data}'"));
    }

    [Theory]
    [InlineData("1\n", "Ok")]
    [InlineData("2\n", "Fail")]
    [InlineData("what?", "Fail")]
    public void A_layout_of_a_newer_version_fails(string marker, string expected)
    {
        File.WriteAllText(Path.Combine(_data, "FORMAT"), marker);

        DataChecks.Layout(_data).Status.ToString().ShouldBe(expected);
    }

    [Fact]
    public void A_folder_with_somebody_elses_things_fails()
    {
        File.WriteAllText(Path.Combine(_data, "thesis.tex"), "");

        DataChecks.Layout(_data).Finding.ShouldBe("no FORMAT marker, and 'thesis.tex' is in the folder: it is none of Entrepot's");
    }

    [Fact]
    public void A_part_on_another_file_system_fails()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists("/proc/self"), "/proc stands for another file system");
        Directory.CreateDirectory(Path.Combine(_data, "edges"));
        DataChecks.OneFileSystem(_data).Status.ShouldBe(CheckStatus.Ok);
        Directory.CreateSymbolicLink(Path.Combine(_data, "blobs"), "/proc/self");

        var check = DataChecks.OneFileSystem(_data);

        check.Status.ShouldBe(CheckStatus.Fail);
        check.Finding.ShouldStartWith(Path.Combine(_data, "blobs"));
    }

    [Theory]
    [InlineData(1L << 29, "Fail")]
    [InlineData(5L << 30, "Warn")]
    [InlineData(50L << 30, "Ok")]
    public void Free_space_is_compared_with_what_the_caches_may_take(long free, string expected)
        => DataChecks.FreeSpace("free space", free, 20L << 30).Status.ToString().ShouldBe(expected);

    [Fact]
    public async Task The_state_database_is_looked_at_and_left_alone()
    {
        var file = Path.Combine(_data, "state.db");
        DataChecks.State(_data).Finding.ShouldBe("none yet");
        File.Exists(file).ShouldBeFalse();

        await using (StateDatabase.Open(file))
        {
            // Only the journal's changes: the other features' are pending.
            var check = DataChecks.State(_data);
            check.Status.ShouldBe(CheckStatus.Warn);
            check.Finding.ShouldContain("will be applied at the next start");
        }

        await using (StateDatabase.Open(file, Node.StateFeatures))
            DataChecks.State(_data).Status.ShouldBe(CheckStatus.Ok);
        await using (var state = StateDatabase.Open(file, Node.StateFeatures))
            await state.WriteAsync(t => t.Execute("INSERT INTO SchemaVersions (ScriptName, Applied) VALUES ('Entrepot.Future.9999.sql', '2030-01-01')"));
        DataChecks.State(_data).Finding.ShouldContain("newer version: it holds 'Entrepot.Future.9999.sql'");

        File.WriteAllText(file, new string('x', 8192));
        DataChecks.State(_data).Status.ShouldBe(CheckStatus.Fail);
    }

    [Fact]
    public void A_port_of_ours_a_free_one_and_a_strangers_are_told_apart()
    {
        ListeningSocket[] listening =
        [
            new(PortProtocol.Tcp, IPAddress.Any, 9080, true, Owner: new SocketOwner(12, "nginx")),
            new(PortProtocol.Tcp, IPAddress.Loopback, 3000, true, Owner: new SocketOwner(99, "entrepot")),
            new(PortProtocol.Tcp, IPAddress.Parse("10.0.0.1"), 8080, true, Owner: new SocketOwner(13, "other")),
        ];
        var running = new AnnouncedNetwork("1", "origin", [new SurfaceDocument("metadata", "origin", "http://127.0.0.1:3000", 3000, "loopback", "")]);

        var checks = HostChecks.Ports(Settings.Default, listening, running, true).ToList();

        checks.Select(check => $"{check.Name} {check.Status} {check.Finding}").ShouldBe(
        [
            "port 8333 Ok free for push",
            "port 3000 Ok metadata listens there",
            "port 9080 Warn admin wants it, but it is bound by nginx (pid 12)",
            "port 8080 Ok free for scheduler",
        ]);
        checks[2].Mend!.ShouldContain("moves to port 60000");
    }

    [Fact]
    public void An_edge_wants_none_of_the_origins_ports()
    {
        ListeningSocket[] listening = [new(PortProtocol.Tcp, IPAddress.Any, 9080, true, Owner: new SocketOwner(12, "nginx"))];
        var edge = new AnnouncedNetwork("1", "hall-b", [new SurfaceDocument("edge", "hall-b", "http://127.0.0.1:54321", 54321, "loopback", "")]);

        HostChecks.Ports(Settings.Default, listening, edge, true).ShouldBeEmpty();
        HostChecks.Ports(Settings.Default, listening, edge, false).ShouldBeEmpty();
        HostChecks.Ports(Settings.Default with { Origin = new Uri("http://origin:3000") }, listening, null, false).ShouldBeEmpty();
        HostChecks.Ports(Settings.Default, listening, null, false).Count().ShouldBe(4);
    }

    [Fact]
    public async Task An_edge_is_asked_by_its_own_address_of_this_machine()
    {
        await using var world = await CliWorld.StartAsync();
        world.Announce("edge", new AnnouncedNetwork("1", "hall-b", [new SurfaceDocument("edge", "hall-b", "http://name.invalid:54321", 54321, "public", "")])
        {
            Local = new Dictionary<string, string> { ["http://name.invalid:54321"] = world.Network.Url },
        });

        var (_, output, _) = await world.RunAsync("doctor", "--data", world.Path("edge"));

        output.ShouldContain("'hall-b' runs and is ready");
        output.ShouldNotContain("port 8333");
        world.Network.Requests.ShouldBe(["GET /healthz"]);
    }

    [Fact]
    public void Ports_that_outgoing_connections_may_take_warn_with_the_cure()
    {
        HostChecks.Ephemeral(Settings.Default, new EphemeralRange(49152, 50000, PortSet.Empty, 1024, true), null).Status.ShouldBe(CheckStatus.Ok);

        var check = HostChecks.Ephemeral(Settings.Default, EphemeralRange.LinuxDefault, null);

        check.Status.ShouldBe(CheckStatus.Warn);
        check.Finding.ShouldBe("outgoing connections may take 54321-54400,60000, which lie in 32768–60999");
        check.Mend.ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [InlineData(1, "Ok")]
    [InlineData(-30, "Warn")]
    [InlineData(90, "Fail")]
    public void A_clock_that_differs_from_the_nodes_is_told(int seconds, string expected)
        => HostChecks.Clock(FakeNetwork.Now.AddSeconds(seconds), FakeNetwork.Now).Status.ToString().ShouldBe(expected);

    [Fact]
    public void A_clock_that_was_never_set_fails()
        => HostChecks.Clock(DateTimeOffset.UnixEpoch, null).Status.ShouldBe(CheckStatus.Fail);

    [Theory]
    [InlineData(1024L, "Fail")]
    [InlineData(12_000L, "Warn")]
    [InlineData(20_000L, "Ok")]
    [InlineData(1_000_000L, "Ok")]
    [InlineData(null, "Ok")]
    public void The_open_file_limit_is_compared_with_the_connections_promised(long? limit, string expected)
        => HostChecks.OpenFiles(limit, Settings.Default).Status.ToString().ShouldBe(expected);

    [Fact]
    public async Task The_command_ends_with_1_when_a_check_fails_and_tells_programs_all()
    {
        await using var world = await CliWorld.StartAsync();
        File.WriteAllText(Path.Combine(_data, "FORMAT"), "9");

        var (code, output, _) = await world.RunAsync("doctor", "--data", _data, "--output", "json");

        code.ShouldBe(1);
        var report = System.Text.Json.JsonDocument.Parse(output).RootElement;
        report.GetProperty("failures").GetInt32().ShouldBe(1);
        report.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("status").GetString() == "Fail").GetProperty("name").GetString().ShouldBe("data layout");
    }

    [Fact]
    public async Task A_settings_file_with_errors_is_a_failed_check()
    {
        await using var world = await CliWorld.StartAsync();

        var (code, output, _) = await world.RunAsync("doctor", "--data", _data, "--config", world.Write("wrong.yaml", "bnid: 1"));

        code.ShouldBe(1);
        output.ShouldContain("FAIL  settings");
        output.ShouldContain("did you mean 'bind'?");
    }
}
