using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls;
using Entrepot.Server.Agent;

namespace Entrepot.Tests.Server.Agent;

public sealed class AgentClientTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-client-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_agent_that_does_not_answer_is_a_fault_and_no_cancellation()
    {
        var path = Path.Combine(_folder, "agent.sock");
        using var deaf = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        deaf.Bind(new UnixDomainSocketEndPoint(path));
        deaf.Listen();
        using var agent = new AgentClient(path, TimeSpan.FromMilliseconds(100));

        var error = await Should.ThrowAsync<FaultException>(() => agent.StatusAsync(TestContext.Current.CancellationToken));

        error.Fault.Is(FirewallFault.AgentUnreachable).ShouldBeTrue();
        error.Message.ShouldContain("did not answer within 0.1 s");
    }

    [Fact]
    public async Task A_caller_who_gives_up_gets_a_cancellation()
    {
        using var agent = new AgentClient(Path.Combine(_folder, "agent.sock"));
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => agent.StatusAsync(stop.Token));
    }
}
