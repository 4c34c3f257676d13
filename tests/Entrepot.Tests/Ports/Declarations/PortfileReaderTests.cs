using System.Globalization;
using System.Net;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Ports.Declarations;

public sealed class PortfileReaderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "samples"), "portfile-*.yaml").Select(f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_holds_no_error_and_no_warning(string name)
    {
        var result = PortfileReader.ReadFile(Sample(name), Now);

        result.Errors.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
        result.Require().Services.ShouldNotBeEmpty();
    }

    [Fact]
    public void There_is_a_sample_for_a_host_a_network_and_an_audited_zone()
        => Samples.Select(row => row.Data).Order().ShouldBe(["portfile-pci.yaml", "portfile-single-host.yaml", "portfile-three-sites.yaml"]);

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("---\n")]
    [InlineData("services:\npools:\npolicy:\n")]
    public void A_file_that_declares_nothing_is_a_portfile(string yaml)
    {
        var portfile = PortfileReader.Read(yaml, "p.yaml", Now).Require();

        portfile.Services.ShouldBeEmpty();
        portfile.Policy.ShouldBe(new PortfilePolicy { ManagementNetworks = portfile.Policy.ManagementNetworks });
    }

    [Fact]
    public void Every_value_arrives_where_it_belongs()
    {
        var portfile = Read(
            """
            policy: {profile: public, dynamicPorts: allow, undeclared: drop, longestOpening: 90m, management: {port: 2222, from: [10.9.0.0/24]}, strangers: move, kubernetesNodePorts: 30000-32767}
            sites: [{name: berlin, nodes: [b1, b2]}]
            zones: [{name: world, facing: public}, {name: lan, facing: internal, networks: [10.0.0.0/8]}, {name: self, facing: loopback}]
            identities: [{name: backup, networks: [10.0.0.7], macs: ["00:16:3E:00:00:07"]}]
            pools: [{name: edges, site: berlin, range: 20000-20099, strategy: hybrid, spare: 25%}]
            services:
              - name: edge
                node: b1
                protocol: udp
                pool: edges
                ports: 3
                mode: random
                zone: world
                allow: [{zone: world}, {zone: lan, mac: 00-16-3e-00-00-01}, {cidr: 10.1.0.0/16, mac: "00:16:3e:00:00:02"}, {identity: backup}, {mac: "00:16:3e:00:00:03"}]
                rate: 100/hour
                connectionsPerSource: 5
                connections: 50
                tls: mutual
                owner: mirror team
                purpose: the edge
                expires: 2027-06-30
                audience: browser
                process: {user: 33, executable: /usr/bin/edge, unit: edge.service}
                strangers: block
                rotate: 1h30m
                rotationOverlap: 90s
                accept: [nodePort, forbidden]
            """);

        portfile.Policy.ShouldBe(portfile.Policy with
        {
            Profile = PolicyProfile.Public, DynamicPorts = DynamicPortRule.Allow, Undeclared = UndeclaredPorts.Drop, LongestOpening = TimeSpan.FromMinutes(90), KubernetesNodePorts = NodePortRange.Default,
            ManagementPort = 2222, Strangers = StrangerReaction.Move,
        });
        portfile.Policy.ManagementNetworks.ShouldBe([IPNetwork.Parse("10.9.0.0/24")]);
        portfile.Sites.Single().Nodes.Select(node => node.Value).ShouldBe(["b1", "b2"]);
        portfile.Zones.Select(zone => zone.Facing).ShouldBe([ZoneFacing.Public, ZoneFacing.Internal, ZoneFacing.Loopback]);
        portfile.Zones[0].Networks.ShouldBe([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")]);
        portfile.Zones[2].Networks.ShouldBe([IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")]);
        var pool = portfile.Pools.Single();
        (pool.Placement, pool.Pool.First, pool.Pool.Last, pool.Pool.Strategy, pool.SpareShare).ShouldBe((new Placement(null, "berlin"), 20000, 20099, PoolStrategy.Hybrid, 0.25));

        var service = portfile.Services.Single();
        service.Placement.ShouldBe(new Placement(NodeName.Parse("b1"), null));
        (service.Protocol, service.Port, service.Pool, service.Ports, service.Mode, service.Zone).ShouldBe((PortProtocol.Udp, null, "edges", 3, AllocationMode.Random, "world"));
        service.Allow.Select(grant => grant.Origin).ShouldBe(
            ["zone world", "zone lan with 00:16:3e:00:00:01", "10.1.0.0/16 with 00:16:3e:00:00:02", "identity backup", "00:16:3e:00:00:03"]);
        service.Allow[1].Networks.ShouldBe([IPNetwork.Parse("10.0.0.0/8")]);
        service.Allow[3].Macs.Single().ToString().ShouldBe("00:16:3e:00:00:07");
        service.Allow[4].Networks.ShouldBeEmpty();
        service.Rate.ShouldBe(new AccessRate(100, TimeSpan.FromHours(1)));
        (service.ConnectionsPerSource, service.Connections, service.Tls, service.Owner, service.Purpose).ShouldBe((5, 50, TlsRequirement.Mutual, "mirror team", "the edge"));
        service.Expires.ShouldBe(new DateTimeOffset(2027, 7, 1, 0, 0, 0, TimeSpan.Zero));
        (service.Audience, service.Strangers, service.Rotation, service.RotationOverlap).ShouldBe(
            (PortAudience.Browser, StrangerReaction.Block, TimeSpan.FromMinutes(90), TimeSpan.FromSeconds(90)));
        service.Process.ShouldBe(new ExpectedProcess("33", "/usr/bin/edge", "edge.service"));
        service.Accept.ShouldBe([AcceptedRisk.NodePort, AcceptedRisk.Forbidden]);
    }

    [Fact]
    public void What_is_not_said_has_the_defaults_of_the_records()
    {
        var portfile = Read(
            """
            pools: [{name: p, range: 20000-20099}]
            services: [{name: a, pool: p, owner: me, purpose: tests, allow: [{cidr: 10.0.0.0/8}]}]
            """);

        portfile.Pools.Single().ShouldBe(new PoolDeclaration(Placement.Everywhere, portfile.Pools[0].Pool, PoolDeclaration.DefaultSpareShare));
        portfile.Pools[0].Pool.Strategy.ShouldBe(PoolStrategy.Dynamic);
        var service = portfile.Services.Single();
        service.ShouldBe(new ServiceDeclaration { Name = "a", Pool = "p", Owner = "me", Purpose = "tests", Allow = service.Allow, Accept = service.Accept });
    }

    [Fact]
    public void A_day_of_expiry_is_the_last_one_and_a_moment_is_itself()
    {
        Expiry("2027-06-30").ShouldBe(new DateTimeOffset(2027, 7, 1, 0, 0, 0, TimeSpan.Zero));
        Expiry("2027-06-30T18:30:00Z").ShouldBe(new DateTimeOffset(2027, 6, 30, 18, 30, 0, TimeSpan.Zero));

        static DateTimeOffset? Expiry(string text)
            => Read($"services: [{{name: a, port: 8080, owner: o, purpose: p, expires: {text}, allow: [{{cidr: 10.0.0.0/8}}]}}]").Services.Single().Expires;
    }

    [Theory]
    [InlineData("2026-11-25", true)]
    [InlineData("2026-11-26", false)]
    [InlineData("2026-11-26T00:00:00Z", true)]
    [InlineData("2026-11-26T00:00:01Z", false)]
    public void What_has_expired_depends_on_the_given_moment(string expires, bool expired)
    {
        var yaml = $"services: [{{name: a, port: 8080, owner: o, purpose: p, expires: {expires}, allow: [{{cidr: 10.0.0.0/8}}]}}]";

        PortfileReader.Read(yaml, "p.yaml", Now).Warnings.Count.ShouldBe(expired ? 1 : 0);
        PortfileReader.Read(yaml, "p.yaml").Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void Two_thousand_services_are_read_and_checked_against_each_other()
    {
        var text = new StringBuilder("services:\n");
        for (var i = 0; i < 2_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"  - {{name: s{i}, port: {2000 + (i * 2)}, ports: 2, owner: o, purpose: p, allow: [{{cidr: 10.0.{i / 250}.{i % 250}}}], accept: [forbidden]}}\n");

        Read(text.ToString()).Services.Length.ShouldBe(2_000);

        var clash = text.ToString().Replace("port: 5998,", "port: 2001,", StringComparison.Ordinal);
        PortfileReader.Read(clash, "p.yaml").Errors.Single().Message.ShouldStartWith("service 's1999' wants tcp/2001–2002 on every node, and service 's0' of line 2 has tcp/2000–2001 on every node");
    }

    [Fact]
    public void A_huge_file_is_refused()
        => PortfileReader.Read("# " + new string('x', PortfileLimits.Length), "p.yaml").Errors.Single().ToString()
            .ShouldBe("p.yaml:1:1: the file is longer than 1048576 characters");

    [Theory]
    [InlineData(PortfileLimits.Services, 0)]
    [InlineData(PortfileLimits.Services + 1, 1)]
    public void So_many_services_and_no_more(int count, int errors)
    {
        var text = new StringBuilder("services:\n");
        for (var i = 0; i < count; i++)
            text.Append(CultureInfo.InvariantCulture, $" - {{name: s{i},port: {2000 + i},owner: o,purpose: p,accept: [forbidden]}}\n");

        var result = PortfileReader.Read(text.ToString(), "p.yaml");

        result.Errors.Count.ShouldBe(errors);
        if (errors > 0)
            result.Errors[0].ToString().ShouldBe("p.yaml:2:2: services has 4097 entries; expected at most 4096");
    }

    [Theory]
    [InlineData("zones", "{name: z#, facing: public}", PortfileLimits.Zones)]
    [InlineData("sites", "{name: s#, nodes: [n#]}", PortfileLimits.Sites)]
    [InlineData("identities", "{name: i#, networks: [10.0.0.1]}", PortfileLimits.Identities)]
    [InlineData("pools", "{name: p#, node: n#, range: 20000-20100}", PortfileLimits.Pools)]
    public void Each_list_has_its_limit(string key, string item, int limit)
    {
        PortfileReader.Read(List(limit), "p.yaml").Errors.ShouldBeEmpty();
        PortfileReader.Read(List(limit + 1), "p.yaml").Errors.Single().Message.ShouldBe($"{key} has {limit + 1} entries; expected at most {limit}");

        string List(int count) => $"{key}:\n" + string.Concat(Enumerable.Range(0, count).Select(i => $" - {item.Replace("#", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)}\n"));
    }

    [Fact]
    public void A_service_has_so_many_grants_and_no_more()
    {
        PortfileReader.Read(With(PortfileLimits.GrantsPerService), "p.yaml").Errors.ShouldBeEmpty();
        PortfileReader.Read(With(PortfileLimits.GrantsPerService + 1), "p.yaml").Errors.Single().Message.ShouldBe("services[0].allow has 257 entries; expected at most 256");

        static string With(int count)
            => $"services: [{{name: a, port: 8080, owner: o, purpose: p, allow: [{string.Join(", ", Enumerable.Repeat("{cidr: 10.0.0.0/8}", count))}]}}]";
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_truncated_prefix_of_a_sample_is_read_or_gives_errors_with_a_place(string name)
    {
        var text = File.ReadAllText(Sample(name));
        for (var length = 0; length < text.Length; length++)
            Judge(PortfileReader.Read(text[..length], "cut.yaml", Now), $"at {length}");
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_with_any_one_character_changed_never_breaks_the_reader(string name)
    {
        var text = File.ReadAllText(Sample(name));
        for (var at = 0; at < text.Length; at++)
        {
            const string trouble = "\0\t\n:{}[]&*!|>'\"%@`-?,# 09z\ud800";
            var c = trouble[at * 7 % trouble.Length];
            Judge(PortfileReader.Read(string.Concat(text.AsSpan(0, at), [c], text.AsSpan(at + 1)), "changed.yaml", Now), $"{at} became {(int)c:x}");
        }
    }

    [Fact]
    public void A_missing_file_says_so()
    {
        var fault = Should.Throw<FaultException>(() => PortfileReader.ReadFile("/nowhere/p.yaml")).Fault;

        (fault.Code, fault.Kind).ShouldBe(("portfile/unreadable", FaultKind.NotFound));
    }

    [Fact]
    public void Require_tells_every_error_in_one_fault()
    {
        var fault = Should.Throw<FaultException>(() => PortfileReader.Read("zone: []\npolicy: {profile: wan}\n", "p.yaml").Require()).Fault;

        fault.Code.ShouldBe("portfile/invalid");
        fault.Message.ShouldBe(
            """
            the portfile holds 2 errors:
            p.yaml:1:1: unknown key 'zone'; did you mean 'zones'?
            p.yaml:2:19: policy.profile is 'wan'; expected one of lan, public, regulated; did you mean lan?
            """);
    }

    private static void Judge(PortfileResult result, string what)
    {
        (result.Portfile is null).ShouldBe(result.Errors.Count > 0, what);
        result.Errors.Concat(result.Warnings).ShouldAllBe(e => e.Line >= 1 && e.Column >= 1 && e.Message.Length > 10);
    }

    private static Portfile Read(string yaml)
    {
        var result = PortfileReader.Read(yaml, "p.yaml", Now);
        result.Errors.ShouldBeEmpty();
        return result.Require();
    }

    private static string Sample(string name) => Path.Combine(RepositoryFiles.Root, "samples", name);
}
