using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class SsOutputTests
{
    /// <summary>Lines of Debian 12's iproute2 6.1.0, spaces shortened.</summary>
    private const string Sample = """
        udp UNCONN 0      0                       127.0.0.53%lo:53   0.0.0.0:* users:(("systemd-resolve",pid=612,fd=13)) uid:101 ino:1956730 sk:502b cgroup:/system.slice/systemd-resolved.service <->
        udp UNCONN 0      0      [fe80::b468:78ff:feac:13ef]%eth0:546     [::]:* users:(("a ("b",pid=16676,fd=9),("a ("b",pid=16581,fd=9)) ino:1956729 sk:502d cgroup:unreachable:1 v6only:1 <->
        tcp LISTEN 0      511                           0.0.0.0:80   0.0.0.0:* users:(("nginx",pid=12,fd=6),("nginx",pid=11,fd=6),("nginx",pid=11,fd=7)) ino:4242 sk:1 cgroup:/system.slice/nginx.service <->
        tcp LISTEN 0      5                  [::ffff:127.0.0.1]:8081       *:* users:(("java",pid=900,fd=8)) uid:1000 ino:77 sk:5031 v6only:0 <->
        tcp LISTEN 0      5                                   *:443        *:* ino:1956688 sk:5032 cgroup:unreachable:1 v6only:0 <->
        tcp LISTEN 0      5                                [::]:444     [::]:*
        """;

    [Fact]
    public void Every_field_of_real_output_is_read()
    {
        var sockets = SsOutput.Parse(Sample);
        sockets.Select(socket => (socket.Protocol.Name(), socket.Address.ToString(), socket.Port, socket.InterfaceName, socket.V6Only, socket.UserId)).ShouldBe(
        [
            ("udp", "127.0.0.53", 53, "lo", null, 101),
            ("udp", "fe80::b468:78ff:feac:13ef", 546, "eth0", true, 0),
            ("tcp", "0.0.0.0", 80, null, null, 0),
            ("tcp", "127.0.0.1", 8081, null, false, 1000),
            ("tcp", "::", 443, null, false, 0),
            ("tcp", "::", 444, null, null, null),
        ]);
        sockets.Select(socket => string.Join(" ", socket.Owners)).ShouldBe(
            ["systemd-resolve (pid 612)", "a (\"b (pid 16676) a (\"b (pid 16581)", "nginx (pid 12) nginx (pid 11)", "java (pid 900)", "", ""]);
        sockets[2].Owner!.Unit.ShouldBe("nginx.service");
        sockets[2].Inode.ShouldBe(4242);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tcp ESTAB 0 0 1.2.3.4:80 1.2.3.5:99")]
    [InlineData("tcp LISTEN 0 0 1.2.3.4:0 0.0.0.0:*")]
    [InlineData("tcp LISTEN 0 0 1.2.3.4:65536 0.0.0.0:*")]
    [InlineData("tcp LISTEN 0 0 somewhere:80 0.0.0.0:*")]
    [InlineData("u_str LISTEN 0 0 /run/x 80 * 0")]
    [InlineData("Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process")]
    public void Lines_that_are_no_listeners_are_left_out(string line) => SsOutput.Parse(line).ShouldBeEmpty();

    [Fact]
    public void Output_cut_off_anywhere_never_throws()
    {
        for (var length = 0; length <= Sample.Length; length++)
            SsOutput.Parse(Sample.AsSpan(0, length)).Count.ShouldBeLessThanOrEqualTo(6);
    }

    [Fact]
    public void Damaged_output_never_throws_and_never_gives_what_is_no_port()
        => Gen.Select(Gen.Int[0, Sample.Length - 1], Gen.Char, Gen.Int[0, Sample.Length - 1], Gen.Char).Sample((at, first, other, second) =>
        {
            var damaged = Sample.ToCharArray();
            (damaged[at], damaged[other]) = (first, second);
            foreach (var socket in SsOutput.Parse(damaged))
                socket.Port.ShouldBeInRange(1, 65535);
        });
}
