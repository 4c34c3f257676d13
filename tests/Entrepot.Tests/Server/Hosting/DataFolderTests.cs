using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;

namespace Entrepot.Tests.Server.Hosting;

public sealed class DataFolderTests : IDisposable
{
    private readonly string _root = Path.Combine(Directory.CreateTempSubdirectory("entrepot-data-").FullName, "data");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_root)!, recursive: true);

    [Fact]
    public void One_process_at_a_time_has_the_folder()
    {
        using (DataFolder.Open(_root))
            Should.Throw<FaultException>(() => DataFolder.Open(_root)).Fault.Is(HostingFault.DataFolderInUse).ShouldBeTrue();

        using var again = DataFolder.Open(_root);
        again.Root.ShouldBe(_root);
    }

    [Theory]
    [InlineData("2")]
    [InlineData("99999999999")]
    [InlineData("")]
    [InlineData("1x")]
    public void A_folder_of_another_layout_is_refused_and_named(string marker)
    {
        using (DataFolder.Open(_root))
        {
        }

        File.WriteAllText(Path.Combine(_root, "FORMAT"), marker);

        var fault = Should.Throw<FaultException>(() => DataFolder.Open(_root)).Fault;
        fault.Is(HostingFault.DataFolderNewer).ShouldBeTrue();
        fault.Message.ShouldContain(_root);
        File.ReadAllText(Path.Combine(_root, "FORMAT")).ShouldBe(marker);
    }

    [Fact]
    public void A_file_in_the_way_is_named()
    {
        File.WriteAllText(_root, "in the way");

        Should.Throw<FaultException>(() => DataFolder.Open(_root)).Message.ShouldContain(_root);
    }

    [Fact]
    public void A_folder_with_somebody_elses_things_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(_root);
        File.WriteAllText(Path.Combine(_root, "thesis.tex"), "");

        var fault = Should.Throw<FaultException>(() => DataFolder.Open(_root)).Fault;

        fault.Is(HostingFault.DataFolderForeign).ShouldBeTrue();
        fault.Message.ShouldContain("'thesis.tex' is in it");
        Directory.GetFileSystemEntries(_root).ShouldBe([Path.Combine(_root, "thesis.tex")]);
    }

    [Fact]
    public void A_start_that_was_killed_and_a_new_file_system_are_no_strangers()
    {
        foreach (var name in new[] { "run", "lost+found" })
            Directory.CreateDirectory(Path.Combine(_root, name));
        File.WriteAllText(Path.Combine(_root, "LOCK"), "");

        DataFolder.Open(_root).Dispose();
    }

    [Fact]
    public void The_announcement_goes_when_the_node_stops()
    {
        using (var folder = DataFolder.Open(_root))
        {
            folder.Announce(new AnnouncedNetwork("1", "origin", [new SurfaceDocument("push", "origin", "http://127.0.0.1:1", 1, "loopback", "test")]));
            File.Exists(DataFolder.NetworkFile(_root)).ShouldBeTrue();
        }

        File.Exists(DataFolder.NetworkFile(_root)).ShouldBeFalse();
    }
}
