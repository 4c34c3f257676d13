using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class EphemeralRangeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-sys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_kernel_s_settings_are_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The settings are Linux's.");
        Write("ip_local_port_range", "32768\t60999\n");
        Write("ip_local_reserved_ports", "5000,54321-54400\n");
        Write("ip_unprivileged_port_start", "80\n");

        EphemeralRange.Read(_folder).ShouldBe(new EphemeralRange(32768, 60999, PortSet.Of(5000).Union(DefaultPorts.Edges.Ports), 80, Known: true));
    }

    [Fact]
    public void What_cannot_be_read_keeps_its_default_and_says_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The settings are Linux's.");
        EphemeralRange.Read(_folder).ShouldBe(EphemeralRange.LinuxDefault);
        Write("ip_local_port_range", "garbage");
        Write("ip_local_reserved_ports", "7-");
        EphemeralRange.Read(_folder).ShouldBe(EphemeralRange.LinuxDefault);
    }

    [Fact]
    public void This_host_answers()
    {
        var range = new ListeningSockets().EphemeralRange();
        range.First.ShouldBeLessThan(range.Last);
        if (OperatingSystem.IsLinux())
            range.Known.ShouldBeTrue();
    }

    [Theory]
    [InlineData("32768\t60999\n", true, 32768, 60999)]
    [InlineData("1024 65535", true, 1024, 65535)]
    [InlineData("1 1", true, 1, 1)]
    [InlineData("0 60999", false, 0, 0)]
    [InlineData("60999 32768", false, 0, 0)]
    [InlineData("32768 65536", false, 0, 0)]
    [InlineData("32768", false, 0, 0)]
    [InlineData("1 2 3", false, 0, 0)]
    [InlineData("", false, 0, 0)]
    [InlineData(null, false, 0, 0)]
    public void A_range_is_two_ports(string? text, bool accepted, int first, int last)
    {
        EphemeralRange.TryParseRange(text, out var low, out var high).ShouldBe(accepted);
        if (accepted)
            (low, high).ShouldBe((first, last));
    }

    [Fact]
    public void A_range_cut_off_anywhere_is_refused_or_is_a_range()
    {
        const string Whole = "32768\t60999\n";
        for (var length = 0; length < Whole.Length; length++)
        {
            if (EphemeralRange.TryParseRange(Whole[..length], out var first, out var last))
                (first, last).ShouldBe((32768, 60999));  // only the line's end is missing
        }
    }

    [Fact]
    public void Reserved_ports_are_not_at_risk_and_the_cure_keeps_what_is_reserved_already()
    {
        var range = new EphemeralRange(32768, 60999, PortSet.Of(5000, 54321), 1024, Known: true);
        range.AtRisk(PortSet.Of(8333, 54321, 54322, 60000)).ShouldBe(PortSet.Of(54322, 60000));
        range.Cure(PortSet.Of(8333, 54321)).ShouldBeNull();
        if (OperatingSystem.IsLinux())
            range.Cure(DefaultPorts.Edges.Ports).ShouldBe(
                "sysctl -w 'net.ipv4.ip_local_reserved_ports=5000,54321-54400' and, to keep it over a reboot, the line "
                + "'net.ipv4.ip_local_reserved_ports = 5000,54321-54400' in /etc/sysctl.d/60-entrepot.conf");
    }

    [Fact]
    public void A_host_without_privileged_ports_has_no_such_rule()
    {
        (EphemeralRange.LinuxDefault with { UnprivilegedStart = 0 }).PrivilegedConstraint().Ports.IsEmpty.ShouldBeTrue();
        EphemeralRange.LinuxDefault.PrivilegedConstraint().Ports.ShouldBe(PortSet.Range(0, 1023));
    }

    private void Write(string setting, string text) => File.WriteAllText(Path.Combine(_folder, setting), text);
}
