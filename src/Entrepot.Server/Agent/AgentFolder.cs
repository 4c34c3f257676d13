using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Server.Hosting;

namespace Entrepot.Server.Agent;

/// <summary>The agent's own folder: <c>state.db</c> with what it applied and its journal, <c>change/</c> where it meets the watchdog,
/// <c>LOCK</c> held while it runs.</summary>
internal sealed class AgentFolder : IDisposable
{
    private readonly FileStream _lock;

    private AgentFolder(string root, FileStream held) => (Root, _lock) = (root, held);

    public string Root { get; }

    public string StateFile => Path.Combine(Root, "state.db");

    public string Change => Path.Combine(Root, "change");

    /// <exception cref="FaultException"><see cref="HostingFault"/>: unusable, or another agent has it.</exception>
    public static AgentFolder Open(string root)
    {
        root = Path.GetFullPath(root);
        try
        {
            DurableFolder.Create(root);
            return new AgentFolder(root, new FileStream(Path.Combine(root, "LOCK"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException error)
        {
            throw Fault.Of(
                HostingFault.DataFolder, FaultKind.Unavailable, $"The agent's folder '{root}' can't be used: {error.Message}",
                "Give its owner to the agent's user.").ToException(error);
        }
        catch (IOException error)
        {
            throw Fault.Of(
                HostingFault.DataFolderInUse, FaultKind.Conflict, $"Another agent uses '{root}': {error.Message}",
                "One agent per machine is enough; stop the other.").ToException(error);
        }
    }

    public void Dispose() => _lock.Dispose();
}
