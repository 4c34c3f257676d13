using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Entrepot.Mirror.Routing;

namespace Entrepot.Tests.Mirror.Routing;

public sealed class SiteMapTests
{
    private static readonly SiteMap Map = new(
        [
            Rule("10.0.0.0/8", "company"), Rule("10.1.0.0/16", "berlin"), Rule("10.1.2.0/24", "lab"), Rule("10.1.2.3/32", "bench"),
            Rule("2001:db8::/32", "company"), Rule("2001:db8:1::/48", "berlin"),
        ],
        new Dictionary<string, ImmutableArray<string>> { ["berlin"] = ["lab", "paris"] });

    [Theory]
    [InlineData("10.9.9.9", "company")]
    [InlineData("10.1.9.9", "berlin")]
    [InlineData("10.1.2.9", "lab")]
    [InlineData("10.1.2.3", "bench")]
    [InlineData("::ffff:10.1.2.3", "bench")]
    [InlineData("2001:db8:2::1", "company")]
    [InlineData("2001:db8:1::1", "berlin")]
    [InlineData("11.0.0.1", null)]
    [InlineData("2001:db9::1", null)]
    [InlineData("::10.1.2.3", null)]  // IPv4-compatible is not IPv4-mapped
    public void The_longest_matching_prefix_tells_the_site(string client, string? site)
        => (Map.Find(IPAddress.Parse(client))?.Site).ShouldBe(site);

    [Fact]
    public void A_rule_for_everyone_catches_what_no_other_does()
    {
        var map = new SiteMap([Rule("0.0.0.0/0", "v4"), Rule("::/0", "v6"), Rule("10.0.0.0/8", "ten")]);
        map.Find(IPAddress.Parse("192.0.2.1"))!.Value.Site.ShouldBe("v4");
        map.Find(IPAddress.Parse("10.0.0.1"))!.Value.Site.ShouldBe("ten");
        map.Find(IPAddress.Parse("fe80::1%3"))!.Value.Site.ShouldBe("v6");
    }

    [Fact]
    public void A_block_of_mapped_addresses_counts_as_the_block_inside()
        => new SiteMap([Rule("::ffff:10.1.0.0/112", "berlin")]).Find(IPAddress.Parse("10.1.255.255"))!.Value.Site.ShouldBe("berlin");

    [Fact]
    public void One_block_can_not_lie_in_two_sites()
        => Should.Throw<ArgumentException>(() => new SiteMap([Rule("10.0.0.0/8", "a"), Rule("10.0.0.0/8", "b")]));

    [Fact]
    public void Own_site_is_nearest_then_neighbours_by_rank_then_all_others()
    {
        Map.Distance("berlin", ["berlin"]).ShouldBe(0);
        Map.Distance("berlin", ["lab"]).ShouldBe(1);
        Map.Distance("berlin", ["paris"]).ShouldBe(2);
        Map.Distance("berlin", ["rome"]).ShouldBe(3);
        Map.Distance("berlin", []).ShouldBe(3);
        Map.Distance("berlin", ["rome", "paris"]).ShouldBe(2);
        Map.Distance("rome", ["berlin"]).ShouldBe(1);
        Map.Distance(null, ["berlin"]).ShouldBe(0);
    }

    [Fact]
    public void The_table_agrees_with_trying_every_rule()
    {
        var gen = Gen.Select(Gen.UInt[0, 0xFFFF], Gen.Int[16, 32]).Array[1, 40].Select(Gen.UInt[0, 0xFFFF]);
        gen.Sample((blocks, low) =>
        {
            var rules = blocks
                .Select(static b => new IPNetwork(Address(b.Item2 == 32 ? b.Item1 : b.Item1 >> (32 - b.Item2) << (32 - b.Item2)), b.Item2))
                .Distinct().Select(static (network, i) => new SiteRule(network, $"s{i}")).ToArray();
            var client = Address(low);
            SiteRule? expected = rules.Where(r => r.Network.Contains(client)).OrderByDescending(static r => r.Network.PrefixLength)
                .Cast<SiteRule?>().FirstOrDefault();
            new SiteMap(rules).Find(client).ShouldBe(expected);
        });
    }

    private static IPAddress Address(uint low) => new([10, 7, (byte)(low >> 8), (byte)low]);

    private static SiteRule Rule(string network, string site) => new(IPNetwork.Parse(network), site);
}
