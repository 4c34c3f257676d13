using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortProtocolTests : IDisposable
{
    private const string FirstSchema = "Entrepot.Ports.Allocation.Migrations.0001-leases.sql";

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-ports-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_protocol_is_read_back_from_its_name()
    {
        PortProtocols.All.ShouldBe(Enum.GetValues<PortProtocol>());
        foreach (var protocol in PortProtocols.All)
        {
            PortProtocols.TryParse(protocol.Name().ToUpperInvariant(), out var read).ShouldBeTrue();
            read.ShouldBe(protocol);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("tcp ")]
    [InlineData("dccp")]
    public void Anything_else_is_no_protocol(string? text) => PortProtocols.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public async Task Leases_from_before_sctp_are_kept_and_sctp_gets_a_number_space_of_its_own()
    {
        var file = Path.Combine(_folder, "state.db");
        await using (var old = StateDatabase.Open(file))
        {
            await old.WriteAsync(transaction =>
            {
                transaction.Execute(Script());
                transaction.Execute("INSERT INTO SchemaVersions (ScriptName, Applied) VALUES (@FirstSchema, '2030-01-01')", new { FirstSchema });
                transaction.Execute("INSERT INTO port_leases VALUES ('n1', 'push', 'tcp', '127.0.0.1', 8333, 8333, 7, 1000, 'bound', 'r', 'd')");
                transaction.Execute("INSERT INTO port_releases VALUES ('n1', 'udp', 9000, 'dns', 1000)");
            });
        }

        await using var state = StateDatabase.Open(file, typeof(PortBook).Assembly);
        var book = new PortBook(state, PortPolicy.Default, new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(2000)));
        var lease = book.Leases().Single();
        (lease.Service, lease.Port, lease.Generation, lease.State).ShouldBe(("push", 8333, 7L, PortLeaseState.Bound));
        var node = NodeName.Parse("n1");
        book.Situation(node, PortProtocol.Udp, PortObservation.None).On(9000).ShouldContain(static objection => objection.Rule == PortRule.CoolingDown);

        var request = new PortRequest { Node = node, Service = "signalling", Protocol = PortProtocol.Sctp, WantedPort = 8333 };
        (await book.GrantAsync(request, IPAddress.Loopback, PortObservation.None)).Lease!.Name.ShouldBe("sctp/8333");
    }

    private static string Script()
    {
        using var reader = new StreamReader(typeof(PortBook).Assembly.GetManifestResourceStream(FirstSchema)!);
        return reader.ReadToEnd();
    }
}
