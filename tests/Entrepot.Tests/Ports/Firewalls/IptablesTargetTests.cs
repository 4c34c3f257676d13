using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Iptables;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class IptablesTargetTests
{
    private static readonly IptablesTarget Target = new();

    [Fact]
    public void Each_family_gets_its_own_sources_and_both_get_the_door()
    {
        var commands = Target.Render(TestRules.Model(TestRules.Door("web", 80, 89, TestRules.Way("10.0.0.0/8", "fd00::/8"))), [], TestRules.Now);

        commands.Select(static command => command.Program).ShouldBe(["iptables-restore", "ip6tables-restore"]);
        commands[0].Input.ShouldBe("""
            *filter
            :ENTREPOT - [0:0]
            :ENTREPOT-tcp-80 - [0:0]
            -A ENTREPOT -i lo -j RETURN
            -A ENTREPOT -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
            -A ENTREPOT -p tcp -m tcp --dport 22 -j RETURN
            -A ENTREPOT -p tcp -m tcp --dport 80:89 -g ENTREPOT-tcp-80
            -A ENTREPOT-tcp-80 -m conntrack --ctstate INVALID -j DROP
            -A ENTREPOT-tcp-80 -s 10.0.0.0/8 -j RETURN
            -A ENTREPOT-tcp-80 -j DROP
            -I INPUT 1 -j ENTREPOT
            COMMIT

            """.ReplaceLineEndings("\n"));
        commands[1].Input.ShouldContain("-s fd00::/8 -j RETURN");
        commands[1].Input.ShouldNotContain("10.0.0.0/8");
    }

    [Fact]
    public void A_door_for_the_other_family_alone_is_closed_in_this_one()
        => Target.Render(TestRules.Model(TestRules.Door("web", 80, 80, TestRules.Way("fd00::/8"))), [], TestRules.Now)[0].Input
            .ShouldContain("-A ENTREPOT-tcp-80 -m conntrack --ctstate INVALID -j DROP\n-A ENTREPOT-tcp-80 -j DROP\n");

    [Fact]
    public void Chains_of_before_go_and_the_jump_is_made_once()
    {
        var save = new FirewallAnswer(0, "*filter\n:INPUT ACCEPT [0:0]\n:ENTREPOT - [0:0]\n:ENTREPOT-tcp-1 - [0:0]\n-A INPUT -j ENTREPOT\n-A ENTREPOT -i lo -j RETURN\nCOMMIT\n", "");
        var script = Target.Render(TestRules.Model(), [save, save], TestRules.Now)[0].Input;
        script.ShouldContain(":ENTREPOT-tcp-1 - [0:0]\n");
        script.ShouldEndWith("-X ENTREPOT-tcp-1\nCOMMIT\n");
        script.ShouldNotContain("INPUT");
    }

    [Fact]
    public void What_was_there_comes_back_and_what_came_goes()
    {
        var none = new FirewallAnswer(0, "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", "");
        var now = new FirewallAnswer(0, "*filter\n:ENTREPOT - [0:0]\n-A INPUT -j ENTREPOT\n-A ENTREPOT -i lo -j RETURN\nCOMMIT\n", "");
        Target.Restore([none, none], [now, now], TimeSpan.Zero)[0].Input.ShouldBe(
            "*filter\n:ENTREPOT - [0:0]\n-D INPUT -j ENTREPOT\n-X ENTREPOT\nCOMMIT\n");
        Target.Restore([now, now], [none, none], TimeSpan.Zero)[0].Input.ShouldBe(
            "*filter\n:ENTREPOT - [0:0]\n-A ENTREPOT -i lo -j RETURN\n-I INPUT 1 -j ENTREPOT\nCOMMIT\n");
    }

    [Fact]
    public void Openings_are_refused_because_nothing_would_close_them()
        => Target.Gaps(TestRules.Model() with { Openings = [TestRules.Opening(3, 80, "10.0.0.7/32", TimeSpan.FromMinutes(1))] })
            .ShouldHaveSingleItem().Message.ShouldBe("iptables can't close opening 3 (tcp/80) by itself, nor cut its connections, once its time is up.");

    [Fact]
    public void Limits_hold_for_those_who_are_let_in()
    {
        var script = Target.Render(TestRules.Model(TestRules.Door("web", 80, 80, TestRules.MacWay("02:00:00:00:00:01", "10.0.0.1/32")) with
        {
            Rate = new AccessRate(100, TimeSpan.FromHours(1)), ConnectionsPerSource = 4, Connections = 40,
        }), [], TestRules.Now)[1].Input;
        script.ShouldContain("--hashlimit-above 100/hour --hashlimit-burst 100 --hashlimit-mode srcip --hashlimit-srcmask 64 --hashlimit-name e-tcp-80 --hashlimit-htable-expire 3600000 -j DROP");
        script.ShouldContain("--connlimit-above 4 --connlimit-mask 64");
        Target.Render(TestRules.Model(TestRules.Door("web", 80, 80, TestRules.MacWay("02:00:00:00:00:01", "10.0.0.1/32"))), [], TestRules.Now)[0].Input
            .ShouldContain("-A ENTREPOT-tcp-80 -s 10.0.0.1/32 -m mac --mac-source 02:00:00:00:00:01 -j RETURN");
    }

    [Theory]
    [InlineData(2030, "2030-01-01T00:00:00")]
    [InlineData(2050, "2038-01-18T00:00:00")]
    public void A_door_that_expires_is_closed_by_the_kernel_and_not_after_the_end_of_its_time(int year, string text)
        => Target.Render(
                TestRules.Model(TestRules.Door("web", 80, 80, TestRules.Way("10.0.0.0/8")) with { Expires = new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero) }), [], TestRules.Now)[0]
            .Input.ShouldContain($"-A ENTREPOT-tcp-80 -s 10.0.0.0/8 -m time --datestop {text} -j RETURN\n");
}
