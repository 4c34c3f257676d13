using System.Text;
using System.Text.Json;
using Entrepot.Ports.Declarations;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Cli;

public sealed class PortsCheckCommandTests : IAsyncLifetime
{
    private const string Good =
        """
        policy: {management: {from: [10.9.0.0/24]}}
        pools: [{name: edges, site: berlin, range: 54321-54400}]
        services:
          - {name: push, node: n1, port: 8333, allow: [{cidr: 10.0.0.0/8}], tls: mutual, owner: release team, purpose: uploads, expires: 2035-06-30}
          - {name: edge, site: berlin, pool: edges, ports: 4, allow: [{cidr: 10.0.0.0/8}, {mac: "00:16:3e:00:00:01"}], owner: mirror team, purpose: downloads}
          - {name: local, port: 9000, protocol: udp, owner: me, purpose: tests}
        """;

    private CliWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await CliWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_good_file_is_summed_up_and_its_warnings_are_told()
    {
        var file = _world.Write("p.yaml", Good);

        (await _world.OutputOfAsync("ports", "check", file)).ShouldBe(
            $$"""
            {{file}}:6:12: warning: service 'local' allows nobody but this machine; say who may reach it, or give it a zone that faces loopback
            {{file}}: 3 services, 1 pool; no error, 1 warning.
            policy      lan; dynamic ports: allow; undeclared ports: leave; strangers: alert; openings up to 8h
            management  tcp/22 from 10.9.0.0/24
            POOL   WHERE           RANGE        PORTS  STRATEGY  SPARE
            edges  at site berlin  54321–54400     80  dynamic     30%
            SERVICE  WHERE           PORT             TLS     EXPIRES               OWNER         ALLOWED
            push     on node n1      tcp/8333         mutual  2035-07-01 00:00:00Z  release team  10.0.0.0/8
            edge     at site berlin  tcp, 4 of edges  none    never                 mirror team   10.0.0.0/8, 00:16:3e:00:00:01
            local    on every node   udp/9000         none    never                 me            this machine

            """);
        _world.Network.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_error_of_every_file_is_told_and_the_code_is_2()
    {
        var good = _world.Write("good.yaml", Good);
        var bad = _world.Write("bad.yaml", "pols: []\nservices: [{name: a, port: 0, owner: o, purpose: p}]\n");

        var (code, output, error) = await _world.RunAsync("ports", "check", good, bad);

        (code, error).ShouldBe((2, ""));
        output.ShouldContain($"{good}: 3 services");
        output.ShouldContain(
            $$"""
            {{bad}}:1:1: unknown key 'pols'; did you mean 'pools'?
            {{bad}}:2:28: services[0].port is '0'; expected a port, 1–65535
            {{bad}}:2:19: warning: service 'a' allows nobody but this machine
            """);
        output.ShouldContain($"{bad}: 2 errors, 1 warning; nothing of it would be used.");
    }

    [Fact]
    public async Task Programs_get_one_document_for_all_files()
    {
        var good = _world.Write("good.yaml", Good);
        var bad = _world.Write("bad.yaml", "pols: []\n");

        var (code, output, _) = await _world.RunAsync("ports", "check", good, bad, "--output", "json");

        code.ShouldBe(2);
        var document = JsonDocument.Parse(output).RootElement;
        document.GetProperty("valid").GetBoolean().ShouldBeFalse();
        var files = document.GetProperty("files").EnumerateArray().ToList();
        files[0].GetProperty("valid").GetBoolean().ShouldBeTrue();
        files[0].GetProperty("services")[0].GetProperty("port").GetInt32().ShouldBe(8333);
        files[0].GetProperty("warnings")[0].GetProperty("line").GetInt32().ShouldBe(6);
        files[1].GetProperty("errors")[0].GetProperty("message").GetString().ShouldBe("unknown key 'pols'; did you mean 'pools'?");
        files[1].TryGetProperty("services", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task The_standard_input_is_read_for_a_dash()
    {
        _world.InputBytes = Encoding.UTF8.GetBytes("zones: 3\n");

        var (code, output, _) = await _world.RunAsync("ports", "check", "-");

        code.ShouldBe(2);
        output.ShouldStartWith("<stdin>:1:8: zones is '3'; expected a list of zones");
    }

    [Fact]
    public async Task An_endless_standard_input_is_refused()
    {
        _world.InputBytes = Encoding.UTF8.GetBytes(new string('#', PortfileLimits.Length + 10));

        (await _world.RunAsync("ports", "check", "-")).Output.ShouldStartWith("<stdin>:1:1: the file is longer than 1048576 characters");
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_3()
    {
        var (code, output, error) = await _world.RunAsync("ports", "check", "nowhere.yaml");

        (code, output).ShouldBe((3, ""));
        error.ShouldStartWith("entrepot: there is no file 'nowhere.yaml'.");
    }

    [Fact]
    public async Task What_has_expired_is_told_by_the_clock()
    {
        var file = _world.Write("p.yaml", Good.Replace("2035-06-30", "2001-06-30", StringComparison.Ordinal));

        (await _world.OutputOfAsync("ports", "check", file)).ShouldContain("service 'push' has expired");
    }

    [Fact]
    public async Task The_schema_is_printed()
        => (await _world.OutputOfAsync("ports", "schema")).ShouldBe(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "reference", "portfile.schema.json")));
}
