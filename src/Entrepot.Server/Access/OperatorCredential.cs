using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;
using Entrepot.Trust.Access;
using Entrepot.Trust.Tokens;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Access;

/// <summary>The credential by which commands on a node's own machine may do everything but approve: a token in a file that only the node's user
/// may read, renewed long before it ends and removed with the node.</summary>
internal sealed class OperatorCredential : IDisposable
{
    /// <summary>Everything but <see cref="Role.Approver"/>: who proposes a change on the node's own machine does not approve it there.</summary>
    public const Role Roles = Role.Viewer | Role.Publisher | Role.Operator | Role.Auditor | Role.Admin;

    private static readonly TimeSpan RenewEvery = TokenAuthority.OperatorLifetime / 3;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly TokenAuthority _tokens;
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _writing = new();

    private OperatorCredential(TokenAuthority tokens, string file, TimeProvider time, ILogger logger)
        => (_tokens, _file, _time, _logger) = (tokens, file, time, logger);

    /// <summary>Writes the first one.</summary>
    /// <param name="tokens">Makes it.</param>
    /// <param name="file">Where it goes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where failures to renew are logged.</param>
    /// <exception cref="FaultException"><see cref="SecretFault"/>: it can't be written.</exception>
    public static OperatorCredential Open(TokenAuthority tokens, string file, TimeProvider time, ILogger logger)
    {
        var credential = new OperatorCredential(tokens, file, time, logger);
        credential.Write();
        tokens.KeysChanged = () => credential.TryWrite();
        return credential;
    }

    /// <summary>Renews it until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var wait = RenewEvery;
        while (true)
        {
            await Task.Delay(wait, _time, cancellation);
            wait = TryWrite() ? RenewEvery : RetryAfter;
        }
    }

    /// <summary>Removes the file.</summary>
    public void Dispose()
    {
        _tokens.KeysChanged = null;
        File.Delete(_file);
    }

    private bool TryWrite()
    {
        try
        {
            Write();
            return true;
        }
        catch (FaultException error)
        {
            Log.OperatorNotRenewed(_logger, RetryAfter.TotalSeconds, error);
            return false;
        }
    }

    private void Write()
    {
        lock (_writing)
            SecretFile.Write(_file, Encoding.ASCII.GetBytes(_tokens.IssueOperator(Roles, TokenAuthority.OperatorLifetime) + "\n"));
    }
}
