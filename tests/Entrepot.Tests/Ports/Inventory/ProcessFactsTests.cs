using CsCheck;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class ProcessFactsTests : IDisposable
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-proc-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_process_is_known_by_file_unit_and_user()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The sample is Linux's.");
        var users = Path.Combine(_folder, "passwd");
        File.WriteAllText(users, "root:x:0:0::/root:/bin/sh\nbroken\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\nalias:x:33:33::/:/bin/sh\n");
        var process = Directory.CreateDirectory(Path.Combine(_folder, "12")).FullName;
        File.CreateSymbolicLink(Path.Combine(process, "exe"), "/usr/sbin/nginx (deleted)");
        File.WriteAllText(Path.Combine(process, "cgroup"), "0::/system.slice/nginx.service\n");
        File.WriteAllText(Path.Combine(process, "status"), "Name:\tnginx\nUid:\t0\t33\t33\t33\nGid:\t33\t33\t33\t33\n");

        new ProcessFacts(_folder, users).Of(12).ShouldBe(new SocketOwner(12, "nginx")
        {
            Path = "/usr/sbin/nginx", Unit = "nginx.service", UserId = 33, User = "www-data",
        });
    }

    [Fact]
    public void Listeners_of_a_container_are_marked_with_it_and_each_namespace_is_read_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && BitConverter.IsLittleEndian, "The sample is Linux's.");
        const string Table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
            "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 500 1 0 100 0 0 10 0\n";
        Process("self", 1, "0::/", null);
        Process("20", 1, "0::/init.scope", null);
        Process("30", 2, $"0::/system.slice/docker-{Id}.scope", Table);
        Process("31", 2, $"0::/system.slice/docker-{Id}.scope", Table);

        var facts = new ProcessFacts(_folder);
        var socket = OtherNamespaces.Listeners(facts, _folder).ShouldHaveSingleItem();
        socket.Namespace.ShouldBe(new NetworkNamespace(2, new ContainerIdentity("docker", Id)));
        socket.Port.ShouldBe(80);
        var owned = SocketOwners.Name(facts, _folder, [socket], all: true).ShouldHaveSingleItem();
        owned.Owner!.ProcessId.ShouldBe(30);
        owned.Sharers.Select(sharer => sharer.ProcessId).ShouldBe([31]);
        owned.Owner.Container!.Runtime.ShouldBe("docker");
    }

    [Theory]
    [InlineData("Name:\tx\nUid:\t1\t2\t3\t4\n", 2)]
    [InlineData("Name:\tx\nUid:\t1\n", null)]
    [InlineData("Name:\tx\nUid:\t1\t2\t3\t4", null)]
    [InlineData("Name:\tUid: 5\n", null)]
    [InlineData(null, null)]
    public void The_effective_user_counts(string? status, int? user) => ProcessFacts.UserOf(status).ShouldBe(user);

    [Fact]
    public void Any_text_is_read_without_an_exception() => Gen.String.Sample(text =>
    {
        ProcessFacts.Users(text);
        ProcessFacts.UserOf("\nUid:" + text);
    });

    private void Process(string name, int space, string group, string? tcp)
    {
        var process = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        foreach (var part in (string[])["ns", "fd", "net"])
            Directory.CreateDirectory(Path.Combine(process, part));
        File.CreateSymbolicLink(Path.Combine(process, "ns", "net"), $"net:[{space}]");
        File.WriteAllText(Path.Combine(process, "cgroup"), group);
        if (tcp is null)
            return;
        File.CreateSymbolicLink(Path.Combine(process, "fd", "3"), "socket:[500]");
        File.CreateSymbolicLink(Path.Combine(process, "fd", "4"), "socket:[500]");
        File.WriteAllText(Path.Combine(process, "net", "tcp"), tcp);
    }
}
