using Entrepot.Server.Configuration;

namespace Entrepot.Tests.Server.Configuration;

/// <summary>The texts are approved: whoever changes one changes what operators read.</summary>
public sealed class SettingsErrorTests
{
    [Fact]
    public void All_errors_of_a_file_come_at_once_in_its_order()
        => Errors(
            """
            bnid: 0.0.0.0
            node: Mirror One
            bind: localhost
            publicHost: http://mirror.example.org
            origin: mirror.example.org:3000
            surfaces:
              push: {port: 70000, allow: [10.0.0.1/8, 10.0.0, 127.0.0.0/33]}
              metadata: {port: many, zone: pubic}
              admin: [9080]
              shceduler: {port: 8080}
            edges:
              count: 65
              capacity: 10 apples
              pool: 54400-54321
              count: 2
            routing: {mode: redirct, sites: [{name: a, networks: []}, {name: a, networks: [10.0.0.0/8]}, {networks: [10.0.0.0/8]}]}
            heartbeat: {interval: 5}
            retention: {keepSnapshots: -1, keepDays: 1.5}
            gc: {interval: 10s, grace: soon}
            scrub: {rate: 32MiB, cycle: yes}
            uploads: {maxSize: 1KiB}
            limits: {connections: 1e3, headerSize: 2MiB, minRate: 2MiB/s}
            log: {format: xml, level: trace}
            """).ShouldBe(
            """
            e.yaml:1:1: unknown key 'bnid'; did you mean 'bind'?
            e.yaml:2:7: node is 'Mirror One'; expected a node name of 1–63 characters a–z, 0–9 and '-'
            e.yaml:3:7: bind is 'localhost'; expected an IP address such as 127.0.0.1, 0.0.0.0 or ::; write 127.0.0.1 or ::1
            e.yaml:4:13: publicHost is 'http://mirror.example.org'; expected a host name or IP address without scheme and port
            e.yaml:5:9: origin is 'mirror.example.org:3000'; expected a URL such as http://origin.example:3000; it must begin with http:// or https://
            e.yaml:7:16: surfaces.push.port is '70000'; expected a port, 1–65535, or 0 for any free one
            e.yaml:7:31: surfaces.push.allow[0] is '10.0.0.1/8'; expected a network such as 10.0.0.0/8 or an IP address; bits are set beyond the prefix; did you mean 10.0.0.0/8 or 10.0.0.1?
            e.yaml:7:43: surfaces.push.allow[1] is '10.0.0'; expected a network such as 10.0.0.0/8 or an IP address
            e.yaml:7:51: surfaces.push.allow[2] is '127.0.0.0/33'; expected a network such as 10.0.0.0/8 or an IP address; the prefix length is 0–32
            e.yaml:8:20: surfaces.metadata.port is 'many'; expected a port, 1–65535, or 0 for any free one
            e.yaml:8:32: surfaces.metadata.zone is 'pubic'; expected one of loopback, management, internal, public; did you mean public?
            e.yaml:9:10: surfaces.admin is a list; expected the keys enabled, port, zone, allow, rate, tls
            e.yaml:10:3: unknown key 'shceduler' in surfaces; did you mean 'scheduler'?
            e.yaml:12:10: edges.count is '65'; expected a whole number, 0–64
            e.yaml:13:13: edges.capacity is '10 apples'; expected a size such as 10GiB, 64MiB–1PiB
            e.yaml:14:9: edges.pool is '54400-54321'; expected a range of ports such as 54321-54400; the first is above the last
            e.yaml:15:3: the key 'count' is given twice; it stands at line 12 already
            e.yaml:16:17: routing.mode is 'redirct'; expected redirect or proxy; did you mean redirect?
            e.yaml:16:54: routing.sites[0].networks is empty; expected at least one network
            e.yaml:16:59: routing.sites[1]: the site 'a' is given twice; put its networks in one list
            e.yaml:16:94: routing.sites[2] has no name; expected a site name of 1–63 characters a–z, 0–9 and '-'
            e.yaml:17:23: heartbeat.interval is '5'; expected a duration such as 90s or 1h30m, 1s–5m; say the unit: ms, s, m, h or d
            e.yaml:18:28: retention.keepSnapshots is '-1'; expected a whole number, 1–100000
            e.yaml:18:42: retention.keepDays is '1.5'; expected a whole number, 1–36500
            e.yaml:19:16: gc.interval is '10s'; expected a duration such as 90s or 1h30m, 1m–30d
            e.yaml:19:28: gc.grace is 'soon'; expected a duration such as 90s or 1h30m, 1m–365d
            e.yaml:20:15: scrub.rate is '32MiB'; expected a rate such as 32MiB/s, 1MiB/s–10GiB/s, or 0 for off; it ends with /s
            e.yaml:20:29: scrub.cycle is 'yes'; expected a duration such as 90s or 1h30m, 1h–365d
            e.yaml:21:20: uploads.maxSize is '1KiB'; expected a size such as 10GiB, 1MiB–8EiB
            e.yaml:22:23: limits.connections is '1e3'; expected a whole number, 16–1000000
            e.yaml:22:40: limits.headerSize is '2MiB'; expected a size such as 10GiB, 4KiB–1MiB
            e.yaml:22:55: limits.minRate is '2MiB/s'; expected a rate such as 32MiB/s, up to 1MiB/s, or 0 for off
            e.yaml:23:15: log.format is 'xml'; expected text or json
            e.yaml:23:27: log.level is 'trace'; expected one of debug, info, warning, error
            """);

    [Fact]
    public void All_errors_of_a_provider_come_at_once()
        => Errors(
            """
            openIdConnect:
              issuer: http://login.example.org/
              clientId: ""
              address: http://mirror.example.org/path
              scopes: [profile]
              roleClaim: []
              roles: {staff: [viewr], ops: operator, both: [], "nobody": [node], list: [[admin]]}
              clockSkew: 1h
              lable: x
            """).ShouldBe(
            """
            e.yaml:2:11: openIdConnect.issuer is 'http://login.example.org/'; expected the provider's identifier, a URL such as https://login.example.org/realms/staff; http is for a provider on this machine only
            e.yaml:3:13: openIdConnect.clientId is ''; expected 1–200 characters
            e.yaml:4:12: openIdConnect.address is 'http://mirror.example.org/path'; expected a URL such as http://origin.example:3000; only scheme, host and port are used
            e.yaml:5:11: openIdConnect.scopes lacks openid; expected a list of at most 16 scopes such as [openid, profile], openid among them
            e.yaml:6:14: openIdConnect.roleClaim is a list; expected 1–200 characters
            e.yaml:7:18: openIdConnect.roles.staff: 'viewr' is no role that can be given; did you mean 'viewer'? Roles are viewer, publisher, operator, approver, auditor, admin.
            e.yaml:7:48: openIdConnect.roles.both is a list; expected roles such as [viewer] of viewer, publisher, operator, approver, auditor, admin
            e.yaml:7:62: openIdConnect.roles.nobody: 'node' is no role that can be given. Roles are viewer, publisher, operator, approver, auditor, admin.
            e.yaml:7:76: openIdConnect.roles.list is a list; expected roles such as [viewer] of viewer, publisher, operator, approver, auditor, admin
            e.yaml:8:14: openIdConnect.clockSkew is '1h'; expected a duration such as 90s or 1h30m, 0s–5m
            e.yaml:9:3: unknown key 'lable' in openIdConnect; did you mean 'label'?
            """);

    [Fact]
    public void What_a_provider_needs_is_told_at_once()
    {
        Errors("openIdConnect: {issuer: https://login.example.org, address: http://mirror.example.org:3000}").ShouldBe(
            """
            e.yaml:1:25: openIdConnect.issuer is given without openIdConnect.clientId; expected what this network is called at the provider
            e.yaml:1:25: openIdConnect.issuer is given without openIdConnect.roles; expected which value of the claim 'groups' gives which roles, as nobody comes in else
            e.yaml:1:61: openIdConnect.address is 'http://mirror.example.org:3000'; expected https://, as nobody signs in over clear text on a network
            """);
        Errors("openIdConnect: {clientId: entrepot}").ShouldBe("e.yaml:1:27: openIdConnect.clientId is given without openIdConnect.issuer; expected the provider's identifier beside it");
    }

    [Theory]
    [InlineData("just text", "e.yaml:1:1: the file is 'just text'; expected the keys data, portfile, node, site, bind, publicHost, origin, emergencyPort, surfaces, edges, tls, trustedProxies, guard, routing, heartbeat, discovery, agent, trust, openIdConnect, watch, retention, gc, journal, changes, scrub, uploads, limits, log")]
    [InlineData("- a\n- b", "e.yaml:1:1: the file is a list; expected the keys data, portfile, node, site, bind, publicHost, origin, emergencyPort, surfaces, edges, tls, trustedProxies, guard, routing, heartbeat, discovery, agent, trust, openIdConnect, watch, retention, gc, journal, changes, scrub, uploads, limits, log")]
    [InlineData("edges: 3", "e.yaml:1:8: edges is '3'; expected the keys count, capacity, pool, rotate, rotationOverlap, zone, allow, tls, rate")]
    [InlineData("site: [a]", "e.yaml:1:7: site is a list; expected a site name of 1–63 characters a–z, 0–9 and '-'")]
    [InlineData("site: {a: b}", "e.yaml:1:7: site is a group of keys; expected a site name of 1–63 characters a–z, 0–9 and '-'")]
    [InlineData("xyzzy: 1", "e.yaml:1:1: unknown key 'xyzzy'; known are data, portfile, node, site, bind, publicHost, origin, emergencyPort, surfaces, edges, tls, trustedProxies, guard, routing, heartbeat, discovery, agent, trust, openIdConnect, watch, retention, gc, journal, changes, scrub, uploads, limits, log")]
    [InlineData("log: {colour: red}", "e.yaml:1:7: unknown key 'colour' in log; known are format, level")]
    [InlineData("site: a\nnode: b\nsite: c", "e.yaml:3:1: the key 'site' is given twice; it stands at line 1 already")]
    [InlineData("site: &x a\nnode: *x", "e.yaml:1:7: anchors and aliases (& and *) are not read here; write the value out")]
    [InlineData("site: !secret a", "e.yaml:1:7: the tag !secret is not read here; write the plain value")]
    [InlineData("a: 1\n---\nb: 2", "e.yaml:2:1: a second document begins here; the file may hold only one")]
    [InlineData("? [a]\n: b", "e.yaml:1:3: a list stands where a key is expected")]
    [InlineData("surfaces: {push: {port: 3000}}", "e.yaml:1:25: surfaces.push.port is 3000, and so is surfaces.metadata.port; expected different ports")]
    [InlineData("surfaces: {push: {port: 1}, admin: {port: 1}}", "e.yaml:1:43: surfaces.admin.port is 1, and so is surfaces.push.port; expected different ports")]
    [InlineData("emergencyPort: 8080", "e.yaml:1:16: emergencyPort is 8080, and so is surfaces.scheduler.port; expected different ports")]
    [InlineData("edges: {count: 3, pool: 9000-9001}", "e.yaml:1:25: edges.pool 9000-9001 holds 2 ports for 3 edges; expected one for each")]
    [InlineData("scrub: {cycle: 60d}", "e.yaml:1:16: scrub.deepCycle 28d is shorter than scrub.cycle 60d; expected at least that")]
    [InlineData("changes: {require: [portfile]}", "e.yaml:1:20: changes.require names the portfile, and the setting portfile names none; expected a file there")]
    [InlineData("changes: {require: [mirror]}", "e.yaml:1:21: changes.require[0] is 'mirror'; expected portfile or mirrors; did you mean mirrors?")]
    [InlineData("changes: {approvalLifetime: 31d}", "e.yaml:1:29: changes.approvalLifetime is '31d'; expected a duration such as 90s or 1h30m, 1m–30d")]
    [InlineData("changes: {proposalLifetime: 59s}", "e.yaml:1:29: changes.proposalLifetime is '59s'; expected a duration such as 90s or 1h30m, 1m–365d")]
    [InlineData("changes: {reviewWithin: 72}", "e.yaml:1:25: changes.reviewWithin is '72'; expected a duration such as 90s or 1h30m, 1m–30d; say the unit: ms, s, m, h or d")]
    [InlineData("discovery: {etcd: {endpoints: [http://a:2379, https://b:2379]}}", "e.yaml:1:31: discovery.etcd.endpoints mixes http and https; expected one of them")]
    [InlineData("discovery: {etcd: {endpoints: http://a:2379}}", "e.yaml:1:31: discovery.etcd.endpoints is 'http://a:2379'; expected a list of at most 16 URLs such as [http://10.0.0.5:2379], all http or all https")]
    [InlineData("discovery: {etcd: {endpoints: [null]}}", "e.yaml:1:32: discovery.etcd.endpoints[0] is nothing; expected a URL such as http://origin.example:3000")]
    [InlineData("discovery: {etcd: {prefix: services/}}", "e.yaml:1:28: discovery.etcd.prefix is 'services/'; expected what keys begin with: 1–200 characters, '/' first and not last")]
    [InlineData("discovery: {consul: {url: consul:8500}}", "e.yaml:1:27: discovery.consul.url is 'consul:8500'; expected a URL such as http://origin.example:3000; it must begin with http:// or https://")]
    [InlineData("routing: {sites: [{name: a, networks: [10.0.0.0/8]}, {name: b, networks: [10.0.0.0/8]}]}", "e.yaml:1:74: routing.sites[1].networks: 10.0.0.0/8 already belongs to the site 'a'")]
    public void Each_mistake_has_its_own_sentence(string yaml, string expected) => Errors(yaml).ShouldBe(expected);

    [Theory]
    [InlineData("a: [1, 2")]
    [InlineData("a: 'open")]
    [InlineData("a: b: c")]
    [InlineData("a:\n\tb: 1")]
    [InlineData("a: 1\n b: 2")]
    public void Text_that_is_not_yaml_gives_its_first_error_with_a_place(string yaml)
    {
        var error = SettingsReader.Read(yaml, "e.yaml").Errors.Single();

        error.Message.ShouldStartWith("this is not YAML: ");
        error.Line.ShouldBeInRange(1, 2);
    }

    [Theory]
    [InlineData("edges:\n\tcount: 3\n", "e.yaml:2:1")]
    [InlineData("# header\nnode: a\nedges:\n  count: 3\n\tpool: 3\n", "e.yaml:5:1")]
    public void A_tab_that_indents_is_told_where_it_stands(string yaml, string place)
        => Errors(yaml).ShouldBe($"{place}: this is not YAML: a tab indents this line; YAML indents by blanks only");

    [Fact]
    public void Nesting_without_end_is_refused()
        => Errors(new string('[', 10_000)).ShouldBe("e.yaml:1:18: the nesting is deeper than 16 levels");

    [Fact]
    public void A_huge_file_is_refused()
        => Errors("# " + new string('x', 1 << 20)).ShouldBe("e.yaml:1:1: the file is longer than 1048576 characters");

    private static string Errors(string yaml)
    {
        var result = SettingsReader.Read(yaml, "e.yaml");
        result.Settings.ShouldBeNull();
        return string.Join('\n', result.Errors);
    }
}
