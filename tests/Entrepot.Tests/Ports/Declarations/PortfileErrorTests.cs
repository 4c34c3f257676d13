using Entrepot.Ports.Declarations;

namespace Entrepot.Tests.Ports.Declarations;

/// <summary>The texts are approved: whoever changes one changes what operators read.</summary>
public sealed class PortfileErrorTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void All_errors_of_a_file_come_at_once_in_its_order()
        => Errors(
            """
            policy: {profile: regulatd, management: {port: 0, from: [10.0.0.1/8]}, longestOpening: 60d}
            zones: [{name: lan, facing: internal}, {name: lan, facing: publc}, {facing: loopback, networks: [10.0.0.0/8]}]
            identities: [{name: Backup, macs: ["00:16:3e"]}, {name: nobody}]
            pools:
              - {name: edges, range: 54400-54321, spare: 0.3}
              - {name: other, node: n1, site: berlin, range: 20000-20010}
            services:
              - {name: web, port: 70000, zone: lna, allow: [{zone: lan, identity: x}, {mac: 1}, {}], owner: 42}
              - {name: web, port: "8080", pool: egdes, rate: 100 per hour, expires: tomorrow, owner: o, purpose: p}
              - {nmae: db, ports: 0, process: {}, owner: o, purpose: "  p", tls: yes}
              - just text
            """).ShouldBe(
            """
            p.yaml:1:19: policy.profile is 'regulatd'; expected one of lan, public, regulated; did you mean regulated?
            p.yaml:1:48: policy.management.port is '0'; expected a port, 1–65535
            p.yaml:1:58: policy.management.from[0] is '10.0.0.1/8'; expected a network such as 10.0.0.0/8 or an IP address; bits are set beyond the prefix; did you mean 10.0.0.0/8 or 10.0.0.1?
            p.yaml:1:88: policy.longestOpening is '60d'; expected a duration such as 90s or 1h30m, 1m–30d
            p.yaml:2:9: zones[0] faces internal and has no networks; expected those of the segment
            p.yaml:2:47: the zone 'lan' is declared twice; it stands at line 2 already
            p.yaml:2:60: zones[1].facing is 'publc'; expected one of public, internal, management, loopback; did you mean public?
            p.yaml:2:68: zones[2] has no name; expected a name of 1–63 characters a–z, 0–9 and '-'
            p.yaml:2:97: zones[2] faces loopback, and 10.0.0.0/8 is elsewhere; expected addresses of 127.0.0.0/8 or ::1
            p.yaml:3:21: identities[0].name is 'Backup'; expected a name of 1–63 characters a–z, 0–9 and '-'
            p.yaml:3:36: identities[0].macs[0] is '00:16:3e'; expected an Ethernet address such as 00:16:3e:00:00:01
            p.yaml:3:50: identities[1] has none of networks, macs; expected at least one
            p.yaml:5:26: pools[0].range is '54400-54321'; expected a range of ports such as 54321-54400, the lowest first
            p.yaml:5:46: pools[0].spare is '0.3'; expected a share such as 30%, 0%–100%
            p.yaml:6:35: pools[1] has both node and site; expected one of them
            p.yaml:8:5: services[0] has no purpose; expected text of 1–500 characters on one line
            p.yaml:8:23: services[0].port is '70000'; expected a port, 1–65535
            p.yaml:8:36: services[0].zone names the zone 'lna', which the file does not declare; did you mean 'lan'?
            p.yaml:8:71: services[0].allow[0] has both zone and identity; expected one of them
            p.yaml:8:71: services[0].allow[0].identity names the identity 'x', which the file does not declare
            p.yaml:8:81: services[0].allow[1].mac is '1'; expected an Ethernet address such as 00:16:3e:00:00:01
            p.yaml:8:85: services[0].allow[2] has none of zone, cidr, mac, identity; expected at least one
            p.yaml:8:97: services[0].owner is '42'; expected text of 1–500 characters on one line; YAML reads it as a number: put it in quotes
            p.yaml:9:12: the service 'web' is declared twice; it stands at line 8 already
            p.yaml:9:23: services[1].port is '8080'; expected a port, 1–65535; write it without quotes
            p.yaml:9:37: services[1].pool names the pool 'egdes', which the file does not declare; did you mean 'edges'?
            p.yaml:9:50: services[1].rate is '100 per hour'; expected a rate such as 100/hour: 1–1000000 per second, minute, hour or day
            p.yaml:9:73: services[1].expires is 'tomorrow'; expected a day such as 2027-06-30, the last one, or a moment such as 2027-06-30T18:00:00Z
            p.yaml:10:5: services[2] has no name; expected a name of 1–63 characters a–z, 0–9 and '-'
            p.yaml:10:5: services[2] has none of port, pool; expected at least one
            p.yaml:10:6: unknown key 'nmae' in services[2]; did you mean 'name'?
            p.yaml:10:23: services[2].ports is '0'; expected a whole number, 1–1024
            p.yaml:10:35: services[2].process has none of user, executable, unit; expected at least one
            p.yaml:10:58: services[2].purpose has blanks around 'p'; expected text of 1–500 characters on one line
            p.yaml:10:70: services[2].tls is 'yes'; expected one of none, required, mutual
            p.yaml:11:5: services[3] is 'just text'; expected the keys name, node, site, protocol, port, pool, ports, mode, zone, allow, rate, connectionsPerSource, connections, tls, owner, purpose, expires, audience, process, strangers, rotate, rotationOverlap, accept
            """);

    /// <summary>Each mistake within a portfile that is right but for it: <c>E</c> says an error, <c>W</c> a warning.</summary>
    [Theory]
    [InlineData("pools: [{name: a, range: 20000-20010}, {name: b, range: 20010-20020}]", "E 1:57 pool 'b' (20010–20020, on every node) overlaps pool 'a' (20000–20010, on every node) of line 1; expected ranges that are apart")]
    [InlineData("pools: [{name: a, node: n1, range: 20000-20010}, {name: b, node: n2, range: 20000-20020}]", "")]
    [InlineData("pools: [{name: a, node: n1, range: 20000-20010}, {name: b, site: s, range: 20000-20020}]", "W 1:76 pool 'b' (20000–20020, at site s) overlaps pool 'a' (20000–20010, on node n1) of line 1 where that node is at that site; list the nodes of each site under 'sites' to have it checked")]
    [InlineData("sites: [{name: s, nodes: [n1]}]\npools: [{name: a, node: n1, range: 20000-20010}, {name: b, site: s, range: 20000-20020}]", "E 2:76 pool 'b' (20000–20020, at site s) overlaps pool 'a' (20000–20010, on node n1) of line 2; expected ranges that are apart")]
    [InlineData("sites: [{name: s, nodes: [n2]}, {name: t, nodes: [n1]}]\npools: [{name: a, node: n1, range: 20000-20010}, {name: b, site: s, range: 20000-20020}]", "")]
    [InlineData("pools: [{name: a, range: 20000-20010}, {name: b, site: s, range: 20000-20020}]", "E 1:66 pool 'b' (20000–20020, at site s) overlaps pool 'a' (20000–20010, on every node) of line 1; expected ranges that are apart")]
    [InlineData("services: [{name: a, port: 8080, $}, {name: b, port: 8080, $}]", "E 1:102 service 'b' wants tcp/8080 on every node, and service 'a' of line 1 has tcp/8080 on every node; expected different ports")]
    [InlineData("services: [{name: a, port: 8080, $}, {name: b, port: 8080, protocol: udp, $}]", "")]
    [InlineData("services: [{name: a, port: 8080, ports: 4, $}, {name: b, port: 8083, $}]", "E 1:112 service 'b' wants tcp/8083 on every node, and service 'a' of line 1 has tcp/8080–8083 on every node; expected different ports")]
    [InlineData("services: [{name: a, port: 8080, ports: 3, $}, {name: b, port: 8083, $}]", "")]
    [InlineData("services: [{name: a, port: 8080, $}, {name: b, node: n1, port: 8080, $}]", "E 1:112 service 'b' wants tcp/8080 on node n1, and service 'a' of line 1 has tcp/8080 on every node; expected different ports")]
    [InlineData("services: [{name: a, site: s, port: 8080, $}, {name: b, node: n1, port: 8080, $}]", "W 1:121 service 'b' wants tcp/8080 on node n1, and service 'a' of line 1 has tcp/8080 at site s: they collide where that node is at that site; list the nodes of each site under 'sites' to have it checked")]
    [InlineData("services: [{name: a, site: s, port: 8080, $}, {name: b, site: t, port: 8080, $}]", "")]
    [InlineData("services: [{name: a, port: 8080, zone: x, $}]", "E 1:40 services[0].zone names the zone 'x', which the file does not declare")]
    [InlineData("sites: [{name: berlin, nodes: [b1]}]\nservices: [{name: a, site: berln, port: 8080, $}, {name: b, node: b2, port: 8081, $}]", "E 2:28 services[0].site names the site 'berln', which the file does not declare; did you mean 'berlin'?\nE 2:115 services[1].node names the node 'b2', which the file does not declare; did you mean 'b1'?")]
    [InlineData("sites: [{name: s, nodes: [n1]}, {name: t, nodes: [n1]}]", "E 1:50 sites[1].nodes: node 'n1' belongs to site 's' already")]
    [InlineData("pools: [{name: p, node: n1, range: 20000-20010}]\nservices: [{name: a, pool: p, $}]", "E 2:28 service 'a' is on every node, and pool 'p' is on node n1; expected a pool that is wherever the service is")]
    [InlineData("pools: [{name: p, node: n1, range: 20000-20010}]\nservices: [{name: a, node: n2, pool: p, $}]", "E 2:38 service 'a' is on node n2, and pool 'p' is on node n1; expected a pool that is wherever the service is")]
    [InlineData("pools: [{name: p, site: s, range: 20000-20010}]\nservices: [{name: a, node: n2, pool: p, $}]", "W 2:38 service 'a' is on node n2, and pool 'p' is at site s; list the nodes of each site under 'sites' to have it checked")]
    [InlineData("pools: [{name: p, range: 20000-20010, strategy: static}]\nservices: [{name: a, pool: p, port: 20011, $}]", "E 2:37 service 'a' wants tcp/20011, which is not within pool 'p' (20000–20010)")]
    [InlineData("pools: [{name: p, range: 20000-20010, strategy: static}]\nservices: [{name: a, pool: p, $}]", "E 2:28 service 'a' names no port, and pool 'p' (20000–20010) is static: it gives none itself; name one of its ports")]
    [InlineData("pools: [{name: p, range: 20000-20010}]\nservices: [{name: a, pool: p, port: 20001, $}]", "E 2:37 service 'a' names its port, and pool 'p' (20000–20010) is dynamic: it gives ports itself; leave out port or pool, or make the pool hybrid")]
    [InlineData("pools: [{name: p, range: 20000-20003}]\nservices: [{name: a, pool: p, ports: 5, $}]", "E 1:26 pool 'p' has 4 ports, and its services want 5 tcp ports on one node; expected a larger range\nE 2:38 service 'a' wants 5 adjacent ports, and pool 'p' (20000–20003) has 4")]
    [InlineData("pools: [{name: p, range: 20000-20003, spare: 0%}]\nservices: [{name: a, pool: p, ports: 3, $}, {name: b, pool: p, rotate: 1h, $}]", "E 1:26 pool 'p' has 4 ports, and its services want 5 tcp ports on one node, the next ones of those that rotate included; expected a larger range")]
    [InlineData("pools: [{name: p, range: 20000-20003, spare: 0%}]\nservices: [{name: a, pool: p, ports: 3, $}, {name: b, pool: p, $}, {name: c, pool: p, ports: 4, protocol: udp, $}]", "")]
    [InlineData("pools: [{name: p, range: 20000-20003, spare: 0%}]\nservices: [{name: a, node: n1, pool: p, ports: 3, $}, {name: b, node: n2, pool: p, ports: 3, $}]", "")]
    [InlineData("pools: [{name: p, range: 20000-20009}]\nservices: [{name: a, pool: p, ports: 8, $}]", "W 1:26 pool 'p' keeps 2 of its 10 ports free at best, below the spare share of 30%; make it larger or lower the share")]
    [InlineData("services: [{name: a, port: 65000, ports: 600, accept: [ephemeral], $}]", "E 1:42 service 'a' wants 600 ports from 65000 on, which ends beyond 65535")]
    [InlineData("services: [{name: a, port: 8080, owner: o, purpose: p}]", "W 1:19 service 'a' allows nobody but this machine; say who may reach it, or give it a zone that faces loopback")]
    [InlineData("zones: [{name: self, facing: loopback}]\nservices: [{name: a, port: 8080, zone: self, owner: o, purpose: p}]", "")]
    [InlineData("zones: [{name: self, facing: loopback}]\nservices: [{name: a, port: 8080, zone: self, owner: o, purpose: p, allow: [{cidr: 127.0.0.1}, {zone: self}, {cidr: 10.0.0.1}]}]", "E 2:109 services[0].allow[2] lets in others, and service 'a' is in zone 'self', which faces loopback; take one of them out")]
    [InlineData("zones: [{name: self, facing: loopback, networks: [10.0.0.0/8]}]", "E 1:50 zones[0] faces loopback, and 10.0.0.0/8 is elsewhere; expected addresses of 127.0.0.0/8 or ::1")]
    [InlineData("zones: [{name: lan, facing: internal}]", "E 1:9 zones[0] faces internal and has no networks; expected those of the segment")]
    [InlineData("services: [{name: a, port: 2375, $}]", "E 1:28 service 'a': tcp/2375 is on the block list (Docker API: control planes that hand over the machine); choose another port, or say accept: [forbidden]")]
    [InlineData("services: [{name: a, port: 2375, accept: [forbidden], $}]", "")]
    [InlineData("services: [{name: a, port: 136, ports: 4, accept: [privileged], $}]", "E 1:28 service 'a': tcp/137 is on the block list (NetBIOS: lateral movement); choose another port, or say accept: [forbidden]")]
    [InlineData("services: [{name: a, port: 53, accept: [privileged], $}]", "")]
    [InlineData("services: [{name: a, port: 10080, audience: browser, $}]", "E 1:28 service 'a': browsers refuse to connect to tcp/10080 (WHATWG Fetch, \"bad port\"); choose another port, or audience: machine, or say accept: [browserBlocked]")]
    [InlineData("services: [{name: a, port: 10080, $}]", "")]
    [InlineData("services: [{name: a, port: 443, $}]", "W 1:28 service 'a': tcp/443 needs a privilege to bind; name the process that has it, or say accept: [privileged]")]
    [InlineData("services: [{name: a, port: 443, process: {user: www-data}, $}]", "")]
    [InlineData("policy: {dynamicPorts: bounded}\nservices: [{name: a, port: 443, $}]", "E 2:28 service 'a': tcp/443 needs a privilege to bind; name the process that has it, or say accept: [privileged]")]
    [InlineData("services: [{name: a, port: 30085, $}]", "W 1:28 service 'a': tcp/30085 is one that Kubernetes gives to services that name their port; choose another port, or say accept: [nodePort]")]
    [InlineData("services: [{name: a, port: 30086, $}]", "")]
    [InlineData("policy: {kubernetesNodePorts: 20000-21599}\nservices: [{name: a, port: 20049, accept: [nodePort], $}]", "E 2:28 service 'a': tcp/20049 is in the static band of policy.kubernetesNodePorts, which Kubernetes gives to services that name their port; choose another port")]
    [InlineData("policy: {kubernetesNodePorts: 20000-21599}\nservices: [{name: a, port: 30085, $}]", "")]
    [InlineData("services: [{name: a, port: 32768, $}]", "W 1:28 service 'a': tcp/32768 is in Linux's range for outgoing connections (32768–60999), and one of them may take it; put it in a pool, whose ports are reserved, or say accept: [ephemeral]")]
    [InlineData("services: [{name: a, port: 32767, $}, {name: b, port: 61000, $}]", "")]
    [InlineData("policy: {profile: regulated, management: {from: [10.9.0.0/24]}}\nservices: [{name: a, port: 60000, $}]", "E 2:28 service 'a': tcp/60000 is in Linux's range for outgoing connections (32768–60999), and one of them may take it; put it in a pool, whose ports are reserved, or say accept: [ephemeral]")]
    [InlineData("policy: {profile: regulated}", "E 1:19 policy.management.from is empty: administration stays open to everybody; expected its networks, because policy.profile is regulated")]
    [InlineData("policy: {profile: regulated, management: {from: []}}", "E 1:49 policy.management.from is empty: administration stays open to everybody; expected its networks, because policy.profile is regulated")]
    [InlineData("policy: {dynamicPorts: forbid}\npools: [{name: p, range: 20000-20010}]", "E 2:16 pool 'p' is dynamic, and policy.dynamicPorts forbids that; expected strategy: static")]
    [InlineData("policy: {dynamicPorts: forbid}\npools: [{name: p, range: 20000-20010, strategy: static}]\nservices: [{name: a, pool: p, port: 20000, $}]", "")]
    [InlineData("policy: {dynamicPorts: bounded}\npools: [{name: p, range: 20000-20127}]", "")]
    [InlineData("policy: {dynamicPorts: bounded}\npools: [{name: p, range: 20000-20128}]", "E 2:26 pool 'p' has 129 ports, and policy.dynamicPorts is bounded; expected at most 128")]
    [InlineData("policy: {dynamicPorts: bounded}\npools: [{name: p, range: 54321-54400}]", "E 2:26 pool 'p' (54321–54400) lies in Linux's range for outgoing connections (32768–60999), and policy.dynamicPorts is bounded; expected ports outside")]
    [InlineData("services: [{name: a, port: 8080, rotate: 1h, $}]", "E 1:42 service 'a' rotates its port and names one; expected a pool that gives ports, and no port")]
    [InlineData("pools: [{name: p, range: 20000-20010}]\nservices: [{name: a, pool: p, rotate: 5m, $}]", "E 2:39 services[0].rotationOverlap 5m is not shorter than rotate 5m; a third port would be needed")]
    [InlineData("pools: [{name: p, range: 20000-20010}]\nservices: [{name: a, pool: p, rotationOverlap: 1m, $}]", "W 2:48 service 'a' does not rotate, so rotationOverlap does nothing")]
    [InlineData("services: [{name: a, port: 8080, mode: random, $}]", "W 1:40 service 'a' names its port, so mode does nothing")]
    [InlineData("services: [{name: a, port: 8080, connections: 10, connectionsPerSource: 11, $}]", "E 1:73 services[0].connectionsPerSource 11 is more than connections 10; expected at most that")]
    [InlineData("services: [{name: a, port: 8080, expires: 2026-11-01, $}]", "W 1:43 service 'a' has expired: its doors are closed; extend it or take it out")]
    [InlineData("pools: [{name: p, range: 20000-20010}]\nservices: [{name: a, port: 20005, $}]", "W 2:28 service 'a' wants tcp/20005, which pool 'p' (20000–20010) of line 1 may give to others; name the pool, or choose another port")]
    [InlineData("identities: [{name: nobody, networks: [], macs: []}]", "E 1:39 identities[0] has neither a network nor an Ethernet address; expected at least one")]
    [InlineData("policy: {dynamicPorts: forbid}\npools: [{name: p, range: 20000-20010}]\nservices: [{name: a, pool: p, rotate: 1h, $}]", "E 2:16 pool 'p' is dynamic, and policy.dynamicPorts forbids that; expected strategy: static\nE 3:28 service 'a' names no port, and policy.dynamicPorts forbids that one is chosen for it; expected a port\nE 3:39 service 'a' rotates its port, and policy.dynamicPorts forbids that")]
    public void Each_mistake_has_its_own_sentence(string yaml, string expected)
    {
        var result = PortfileReader.Read(yaml.Replace("$", "owner: o, purpose: p, allow: [{cidr: 10.0.0.0/8}]", StringComparison.Ordinal), "p.yaml", Now);

        string.Join('\n', result.Errors.Select(static e => $"E {e.Line}:{e.Column} {e.Message}").Concat(result.Warnings.Select(static w => $"W {w.Line}:{w.Column} {w.Message}")))
            .ShouldBe(expected);
    }

    private static string Errors(string yaml)
    {
        var result = PortfileReader.Read(yaml, "p.yaml", Now);
        result.Portfile.ShouldBeNull();
        return string.Join('\n', result.Errors);
    }
}
