using System.Text.RegularExpressions;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class NftablesTargetTests
{
    private static readonly NftablesTarget Target = new();

    [Fact]
    public void The_table_is_replaced_in_one_transaction_whether_it_was_there_or_not()
    {
        var command = Target.Render(TestRules.Model(), [], TestRules.Now).ShouldHaveSingleItem();
        (command.Program, string.Join(' ', command.Arguments)).ShouldBe(("nft", "-f -"));
        command.Input.ShouldStartWith("table inet entrepot\ndelete table inet entrepot\ntable inet entrepot {\n");
    }

    [Fact]
    public void Neighbouring_doors_with_one_way_in_share_an_element()
    {
        var script = Script(TestRules.Model(
            TestRules.Door("a", 80, 81, TestRules.Way("10.0.0.0/8")), TestRules.Door("b", 82, 82, TestRules.Way("10.0.0.0/9", "10.128.0.0/9")),
            TestRules.Door("c", 84, 84, TestRules.Way("10.0.0.0/8"))));

        ElementsOf(script, "governed").ShouldBe(["6 . 80-82", "6 . 84"]);
        ElementsOf(script, "allow4").ShouldBe(["6 . 80-82 . 10.0.0.0/8", "6 . 84 . 10.0.0.0/8"]);
    }

    [Fact]
    public void Networks_that_overlap_are_joined_because_the_kernel_refuses_overlapping_elements()
        => ElementsOf(Script(TestRules.Model(TestRules.Door("a", 80, 80, TestRules.Way("10.0.0.0/8"), TestRules.Way("10.1.0.0/16", "11.0.0.0/8", "::1/128")))), "allow4")
            .ShouldBe(["6 . 80 . 10.0.0.0/7"]);

    [Fact]
    public void An_address_and_an_ethernet_address_together_are_looked_up_together()
    {
        var script = Script(TestRules.Model(TestRules.Door(
            "a", 80, 80, TestRules.MacWay("02:00:00:00:00:01", "10.0.0.1/32", "fd00::1/128"), TestRules.MacWay("02:00:00:00:00:02"))));

        ElementsOf(script, "allow_mac").ShouldBe(["6 . 80 . 02:00:00:00:00:02"]);
        ElementsOf(script, "allow_mac4").ShouldBe(["6 . 80 . 02:00:00:00:00:01 . 10.0.0.1"]);
        ElementsOf(script, "allow_mac6").ShouldBe(["6 . 80 . 02:00:00:00:00:01 . fd00::1"]);
        ElementsOf(script, "allow4").ShouldBeEmpty();
    }

    [Fact]
    public void A_blocked_door_is_governed_and_lets_nobody_in_by_no_opening_either()
    {
        var script = Script(TestRules.Model(TestRules.Door("a", 80, 80, TestRules.Way("0.0.0.0/0")) with { Blocked = true }) with
        {
            Openings = [TestRules.Opening(1, 80, "10.0.0.7/32", TimeSpan.FromMinutes(1))],
        });

        ElementsOf(script, "governed").ShouldBe(["6 . 80"]);
        ElementsOf(script, "allow4").ShouldBeEmpty();
        ElementsOf(script, "open4").ShouldBeEmpty();
    }

    [Fact]
    public void The_number_of_rules_does_not_grow_with_the_number_of_services()
    {
        var few = RulesOf(Script(Doors(3)));
        RulesOf(Script(Doors(300))).ShouldBe(few);

        static RuleModel Doors(int count) => TestRules.Model([.. Enumerable.Range(1, count)
            .Select(static i => TestRules.Door("s", i * 10, i * 10, TestRules.Way("10.0.0.0/8")) with { Rate = new AccessRate(5, TimeSpan.FromMinutes(1)) })]);
    }

    [Fact]
    public void The_same_model_is_the_same_script()
    {
        var doors = new[] { TestRules.Door("a", 80, 80, TestRules.Way("10.0.0.0/8")), TestRules.Door("b", 90, 90, TestRules.Way("11.0.0.0/8")) };
        Script(TestRules.Model([.. doors.Reverse()])).ShouldBe(Script(TestRules.Model([.. doors])));
    }

    [Fact]
    public void A_change_of_elements_only_touches_those()
    {
        var before = TestRules.Model(TestRules.Door("a", 80, 80, TestRules.Way("10.0.0.0/8")), TestRules.Door("b", 90, 90, TestRules.Way("10.0.0.0/8")));
        var to = TestRules.Model(TestRules.Door("a", 80, 80, TestRules.Way("10.0.0.0/8")), TestRules.Door("b", 90, 90, TestRules.Way("12.0.0.0/8")));

        Target.RenderChange(before, to, TestRules.Now)!.Value.ShouldHaveSingleItem().Input.ShouldBe(
            "delete element inet entrepot allow4 { 6 . 90 . 10.0.0.0/8 }\nadd element inet entrepot allow4 { 6 . 90 . 12.0.0.0/8 }\n");
        Target.RenderChange(to, to, TestRules.Now)!.Value.ShouldBeEmpty();
    }

    [Fact]
    public void Elements_are_changed_one_by_one_only_where_that_takes_less_time_than_to_replace_the_table()
    {
        Target.RenderChange(Many(0, 5000), Many(0, 6000), TestRules.Now).ShouldNotBeNull();
        Target.RenderChange(Many(0, 5000), Many(2, 5000), TestRules.Now).ShouldNotBeNull();
        // The kernel takes minutes to take thousands of them out.
        Target.RenderChange(Many(0, 5000), Many(4000, 5000), TestRules.Now).ShouldBeNull();

        static RuleModel Many(int first, int count) => TestRules.Model(TestRules.Door(
            "a", 80, 80, [TestRules.Way([.. Enumerable.Range(first, count).Select(static i => string.Create(null, $"10.0.{i / 100}.{(i % 100 * 2) + 1}/32"))])]));
    }

    [Fact]
    public void A_change_of_rules_replaces_the_table()
    {
        var before = TestRules.Model();
        Target.RenderChange(before, before with { Undeclared = UndeclaredPorts.Drop }, TestRules.Now).ShouldBeNull();
        Target.RenderChange(before, before with { Floor = new SafetyFloor(2222, []) }, TestRules.Now).ShouldBeNull();
        Target.RenderChange(before, TestRules.Model(TestRules.Door("a", 80, 80) with { Connections = 5 }), TestRules.Now).ShouldBeNull();
    }

    [Fact]
    public void A_change_leaves_the_timed_elements_of_openings_alone_so_that_their_time_goes_on()
    {
        var opening = TestRules.Opening(1, 54321, "10.0.0.7/32", TimeSpan.FromMinutes(30));
        var before = TestRules.Model() with { Openings = [opening] };
        var to = TestRules.Model(TestRules.Door("a", 80, 80, TestRules.Way("10.0.0.0/8"))) with { Openings = [opening] };

        Target.RenderChange(before, to, TestRules.Now.AddMinutes(7))!.Value.ShouldHaveSingleItem().Input.ShouldNotContain("54321");
    }

    [Fact]
    public void An_opening_gets_the_time_it_has_left_and_none_stays_without()
    {
        var model = TestRules.Model() with
        {
            Openings = [TestRules.Opening(1, 54321, "10.0.0.7/32", TimeSpan.FromMinutes(30)), TestRules.Opening(2, 54322, "10.0.0.7/32", TimeSpan.FromMinutes(1))],
        };

        ElementsOf(Target.Render(model, [], TestRules.Now.AddMinutes(2))[0].Input, "open4").ShouldBe(["6 . 54321 . 10.0.0.7 timeout 1680000ms"]);
    }

    [Fact]
    public void Openings_that_overlap_end_each_in_its_own_time()
    {
        var model = TestRules.Model() with
        {
            Openings = [TestRules.Opening(1, 80, "10.0.0.0/30", TimeSpan.FromMinutes(1)), TestRules.Opening(2, 80, "10.0.0.1/32", TimeSpan.FromMinutes(5))],
        };

        ElementsOf(Script(model), "open4").ShouldBe(
            ["6 . 80 . 10.0.0.0 timeout 60000ms", "6 . 80 . 10.0.0.1 timeout 300000ms", "6 . 80 . 10.0.0.2/31 timeout 60000ms"]);
    }

    [Fact]
    public void A_door_that_expires_is_timed_and_shares_the_kernels_set_with_openings_without_overlap()
    {
        var script = Script(TestRules.Model(TestRules.Door("a", 80, 81, TestRules.Way("10.0.0.0/30"), TestRules.MacWay("02:00:00:00:00:01")) with { Expires = TestRules.Now.AddMinutes(2) }) with
        {
            Openings = [TestRules.Opening(1, 80, "10.0.0.1/32", TimeSpan.FromMinutes(5)), TestRules.Opening(2, 81, "10.0.0.0/31", TimeSpan.FromMinutes(1))],
        });

        ElementsOf(script, "governed").ShouldBe(["6 . 80-81"]);
        ElementsOf(script, "allow4").ShouldBeEmpty();
        ElementsOf(script, "open4").ShouldBe(
        [
            "6 . 80 . 10.0.0.0 timeout 120000ms", "6 . 80 . 10.0.0.1 timeout 300000ms", "6 . 80 . 10.0.0.2/31 timeout 120000ms", "6 . 81 . 10.0.0.0/30 timeout 120000ms",
        ]);
        ElementsOf(script, "open_mac").ShouldBe(["6 . 80 . 02:00:00:00:00:01 timeout 120000ms", "6 . 81 . 02:00:00:00:00:01 timeout 120000ms"]);
    }

    [Fact]
    public void An_opening_for_both_addresses_together_lets_in_neither_of_them_alone()
    {
        var both = TestRules.Opening(1, 80, "10.0.0.0/30", TimeSpan.FromMinutes(1)) with { Mac = TestRules.MacWay("02:00:00:00:00:01").Macs[0] };
        var script = Script(TestRules.Model() with
        {
            Openings = [both, both with { Id = 2, From = System.Net.IPNetwork.Parse("10.0.0.1/32"), Ends = TestRules.Now.AddMinutes(5) }, both with { Id = 3, From = System.Net.IPNetwork.Parse("fd00::1/128") }],
        });

        ElementsOf(script, "open4").ShouldBeEmpty();
        ElementsOf(script, "open6").ShouldBeEmpty();
        ElementsOf(script, "open_mac").ShouldBeEmpty();
        ElementsOf(script, "open_mac4").ShouldBe(
        [
            "6 . 80 . 02:00:00:00:00:01 . 10.0.0.0 timeout 60000ms", "6 . 80 . 02:00:00:00:00:01 . 10.0.0.1 timeout 300000ms",
            "6 . 80 . 02:00:00:00:00:01 . 10.0.0.2/31 timeout 60000ms",
        ]);
        ElementsOf(script, "open_mac6").ShouldBe(["6 . 80 . 02:00:00:00:00:01 . fd00::1 timeout 60000ms"]);
        script.ShouldContain("ether saddr . ip saddr @open_mac4 ");
        script.ShouldContain("ether saddr . ip6 saddr @open_mac6 ");
    }

    [Fact]
    public void A_door_that_expires_ends_its_ways_in_for_both_addresses_together_too()
    {
        var model = TestRules.Model(TestRules.Door("a", 80, 80, TestRules.MacWay("02:00:00:00:00:01", "10.0.0.1/32")) with { Expires = TestRules.Now.AddMinutes(2) });

        Target.Gaps(model).ShouldBeEmpty();
        ElementsOf(Script(model), "open4").ShouldBeEmpty();
        ElementsOf(Script(model), "open_mac").ShouldBeEmpty();
        ElementsOf(Script(model), "open_mac4").ShouldBe(["6 . 80 . 02:00:00:00:00:01 . 10.0.0.1 timeout 120000ms"]);
    }

    [Fact]
    public void Doors_of_one_port_with_the_same_limits_share_a_chain_and_a_block_counts_together()
    {
        var limited = TestRules.Door("a", 80, 80, TestRules.Way("10.0.0.0/8")) with { Rate = new AccessRate(100, TimeSpan.FromHours(1)), ConnectionsPerSource = 4, Connections = 40 };
        var script = Script(TestRules.Model(limited, limited with { Service = "b", First = 90, Last = 90 }, limited with { Service = "c", First = 100, Last = 109 }));

        ElementsOf(script, "limits", "map").ShouldBe(
            ["6 . 100-109 : jump limit_r100_hour_s4_t40_tcp_100_109", "6 . 80 : jump limit_r100_hour_s4_t40", "6 . 90 : jump limit_r100_hour_s4_t40"]);
        script.ShouldContain("update @limit_r100_hour_s4_t40_rate4 { meta l4proto . th dport . ip saddr limit rate over 100/hour burst 100 packets } drop");
        script.ShouldContain("update @limit_r100_hour_s4_t40_tcp_100_109_rate4 { ip saddr limit rate over 100/hour burst 100 packets } drop");
    }

    [Fact]
    public void A_rate_that_nftables_has_no_word_for_is_refused()
        => Target.Gaps(TestRules.Model(TestRules.Door("a", 80, 80) with { Rate = new AccessRate(5, TimeSpan.FromMinutes(7)) }))
            .ShouldHaveSingleItem().Is(FirewallFault.Inexpressible).ShouldBeTrue();

    [Fact]
    public void A_table_that_was_not_there_is_taken_away_again()
        => Target.Restore([new FirewallAnswer(1, "", "Error: No such file or directory\nlist table inet entrepot\n")], [], TimeSpan.Zero)
            .ShouldHaveSingleItem().Input.ShouldBe("table inet entrepot\ndelete table inet entrepot\n");

    [Fact]
    public void A_failed_snapshot_restores_nothing()
        => Should.Throw<Entrepot.Core.Faults.FaultException>(() => Target.Restore([new FirewallAnswer(1, "", "Operation not permitted")], [], TimeSpan.Zero))
            .Fault.Is(FirewallFault.ProgramFailed).ShouldBeTrue();

    [Fact]
    public void Putting_a_table_back_gives_no_opening_the_time_again_that_has_passed()
    {
        const string table = "table inet entrepot {\n elements = { tcp . 1 . 10.0.0.1 timeout 1h expires 59m58s500ms, tcp . 2 . 10.0.0.1 timeout 1m expires 30s }\n}\n";
        Target.Restore([new FirewallAnswer(0, table, "")], [], TimeSpan.FromSeconds(40))[0].Input.ShouldEndWith(
            "{ tcp . 1 . 10.0.0.1 timeout 1h expires 3558500ms, tcp . 2 . 10.0.0.1 timeout 1m expires 1ms }\n}\n");
        Target.Restore([new FirewallAnswer(0, table, "")], [], TimeSpan.Zero)[0].Input.ShouldEndWith(table);
    }

    [Theory]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("20m448ms", 1_200_448)]
    [InlineData("30s", 30_000)]
    public void Times_are_read_as_nft_prints_them(string text, long milliseconds) => NftSnapshot.Parse(text).ShouldBe(milliseconds);

    private static string Script(RuleModel model) => Target.Render(model, [], TestRules.Now)[0].Input;

    private static int RulesOf(string script) => script.Split('\n').Count(static line => line.StartsWith("\t\t", StringComparison.Ordinal) && line.Contains(" accept", StringComparison.Ordinal))
        + Regex.Count(script, "drop|goto");

    private static string[] ElementsOf(string script, string set, string kind = "set")
    {
        var body = Regex.Match(script, $@"\t{kind} {set} \{{\n.*?\n\t\}}", RegexOptions.Singleline).Value;
        var elements = Regex.Match(body, @"elements = \{ (.*) \}", RegexOptions.Singleline);
        return elements.Success ? [.. elements.Groups[1].Value.Split(',').Select(static element => element.Trim())] : [];
    }
}
