namespace Entrepot.Trust.Access;

#pragma warning disable CA1711 // the field's word for it, long before .NET had classes that end so
/// <summary>What an endpoint needs its caller to be allowed. Who holds which is <see cref="AccessPolicy"/>.</summary>
public enum Permission
#pragma warning restore CA1711
{
    /// <summary>What everybody may know: that the process lives, how the API looks, the public keys.</summary>
    Public,

    /// <summary>List mirrors and read what they hold; private mirrors ask for themselves as well.</summary>
    ContentRead,

    /// <summary>See surfaces, nodes, services and leased ports.</summary>
    NetworkRead,

    /// <summary>See what listens on a host and what is wrong with it.</summary>
    FindingsRead,

    /// <summary>Read the journal and prove it.</summary>
    JournalRead,

    /// <summary>Push to mirrors.</summary>
    ContentPush,

    /// <summary>Make, change, roll back and delete mirrors.</summary>
    MirrorsManage,

    /// <summary>Collect garbage, read bytes at rest again.</summary>
    StorageMaintain,

    /// <summary>Say that a finding is known or worked on.</summary>
    FindingsMark,

    /// <summary>Rehearse incidents.</summary>
    DrillsRun,

    /// <summary>Drain nodes and take them out.</summary>
    NodesManage,

    /// <summary>Let nodes in and shut them out for good; the authority and its keys.</summary>
    NodesAdmit,

    /// <summary>Tell how a node is.</summary>
    NodeReport,

    /// <summary>Have the origin try a node's known ports from outside.</summary>
    NodesProbe,

    /// <summary>Make, revoke and list tokens; change the keys that sign them.</summary>
    TokensManage,

    /// <summary>Invite people, decide what they are, keep them out.</summary>
    AccountsManage,

    /// <summary>See what changes are proposed, approved and applied, with their documents.</summary>
    ChangesRead,

    /// <summary>Propose changes and apply approved ones.</summary>
    ChangesPropose,

    /// <summary>Approve or reject what others propose.</summary>
    ChangesApprove,
}
