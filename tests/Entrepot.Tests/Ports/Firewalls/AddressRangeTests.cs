using System.Net;
using System.Net.Sockets;
using CsCheck;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class AddressRangeTests
{
    private static readonly Gen<AddressRange> Ranges = Gen.Select(Gen.Int[0, 63], Gen.Int[0, 63])
        .Select(static (a, b) => new AddressRange(AddressFamily.InterNetwork, (UInt128)Math.Min(a, b), (UInt128)Math.Max(a, b)));

    [Theory]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("::/0", "::/0")]
    [InlineData("10.1.2.3/32", "10.1.2.3")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("255.255.255.255/32", "255.255.255.255")]
    public void A_network_is_written_as_it_was_read(string network, string text)
        => AddressRange.Of(IPNetwork.Parse(network)).ToString().ShouldBe(text);

    [Fact]
    public void Adjacent_networks_become_one_range_that_is_no_network()
        => AddressRange.Join([IPNetwork.Parse("10.0.0.64/26"), IPNetwork.Parse("10.0.0.128/25"), IPNetwork.Parse("10.0.0.70/32")])
            .ShouldHaveSingleItem().ToString().ShouldBe("10.0.0.64-10.0.0.255");

    [Fact]
    public void Joined_ranges_hold_the_same_addresses_and_do_not_touch() => Ranges.Array[0, 6].Sample(static ranges =>
    {
        var joined = AddressRange.Join(ranges);
        for (var address = 0; address < 64; address++)
            joined.Count(range => Holds(range, address)).ShouldBe(ranges.Any(range => Holds(range, address)) ? 1 : 0);
        for (var i = 1; i < joined.Count; i++)
            joined[i].First.ShouldBeGreaterThan(joined[i - 1].Last + 1);
    });

    [Fact]
    public void What_is_left_without_others_is_exactly_the_difference() => Gen.Select(Ranges, Ranges.Array[0, 5]).Sample(static (range, others) =>
    {
        var left = range.Without(others);
        for (var address = 0; address < 64; address++)
            left.Count(part => Holds(part, address)).ShouldBe(Holds(range, address) && !others.Any(other => Holds(other, address)) ? 1 : 0);
    });

    [Fact]
    public void A_range_is_the_sum_of_its_networks() => Ranges.Sample(static range =>
    {
        var parts = range.Networks().Select(AddressRange.Of).ToList();
        AddressRange.Join(parts).ShouldBe([range]);
        parts.Count.ShouldBeLessThanOrEqualTo(12);
    });

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("::/0")]
    [InlineData("128.0.0.0/1")]
    public void Great_networks_are_networks_again(string network)
        => AddressRange.Of(IPNetwork.Parse(network)).Networks().ShouldBe([IPNetwork.Parse(network)]);

    [Fact]
    public void Families_are_never_joined()
        => AddressRange.Join([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")]).Count.ShouldBe(2);

    private static bool Holds(AddressRange range, int address) => range.First <= (UInt128)address && (UInt128)address <= range.Last;
}
