package ecm

import "github.com/smintecm/sdk/internal/rest"

// laneHolds lets one write to the hold endpoints run at a time: concurrent ones
// were rejected behind common web servers and spoiled pooled connections.
const laneHolds = "holds"

// batchRemoveCorrected is where servers that have mended the misspelled path of
// batchRemove answer; relative to the base URL.
const batchRemoveCorrected = "api/v1/rmclassifications/batchRemoveClassification"

// otdsRoutes are the requests to OpenText Directory Services, which have no
// published description among Content Server's.
var otdsRoutes = struct{ credentials, credentialsV1, token rest.Route }{
	credentials:   rest.Route{Name: "OTDS.Credentials", Method: "POST", Template: "/otdsws/rest/authentication/credentials", Repeat: rest.Harmless, Secret: true},
	credentialsV1: rest.Route{Name: "OTDS.Credentials", Method: "POST", Template: "/otdsws/v1/authentication/credentials", Repeat: rest.Harmless, Secret: true},
	token:         rest.Route{Name: "OTDS.Token", Method: "POST", Template: "/otdsws/oauth2/token", Repeat: rest.Harmless, Secret: true},
}

// routes is the table of every request that this package sends. No other file
// holds a path.
var routes = struct {
	login, logout, session, ping, serverInfo                                                   rest.Route
	nodeGet, nodeCreate, nodeUpdate, nodeDelete, nodeList                                      rest.Route
	nodeChildren, nodeAncestors, namesValidate, volumeGet, nodeActions                         rest.Route
	versions, versionAdd, versionGet, content, versionContent                                  rest.Route
	categories, categoryAdd, categoryUpdate, categoryRemove                                    rest.Route
	categoryForm                                                                               rest.Route
	recordDetails, recordApply, recordUpdate, recordRemove                                     rest.Route
	finalize, rsiList, nodeRSIs, rsiAssign, rsiDetails                                         rest.Route
	nodeHolds, xrefTypes, nodeXrefs, xrefAssign                                                rest.Route
	classifications, classificationsSet, classificationsClear, classificationRemove            rest.Route
	classificationMenu, classificationSettings, classificationCreateInfo, classificationVolume rest.Route
	recordMenu, makeConfidential, removeConfidential, classifiedItems                          rest.Route
	classifiedItemsPage, recordMetadata, batchAdd, batchRemove                                 rest.Route
	managedRecords, compliance, recordSettings, recordCreateInfo                               rest.Route
	queueAdd, queueGet, queueAbort                                                             rest.Route
	holdNames, holdCreate, holdUpdate, holdDelete                                              rest.Route
	holdMove, holdApply, holdRemove, holdList                                                  rest.Route
	holdGet, holdFind, holdDeleteByName, holdMaintenance                                       rest.Route
	holdItems, holdItemsPage, holdApplyMany, holdRemoveMany                                    rest.Route
	holdUsers, holdAddUsers, holdRemoveUsers, holdProcess                                      rest.Route
	holdUpdateUsers, holdStatistics                                                            rest.Route
	rsiRemove, rsiMaintenance, rsiCreate, rsiDeleteByName                                      rest.Route
	rsiUpdateByName, rsiUpdate, rsiDelete, rsiNames                                            rest.Route
	rsiSearch, rsiGet, rsiSchedule, rsiSchedules                                               rest.Route
	stageCreate, stageUpdate, stageDelete, stageApprove                                        rest.Route
	approvalHistory, rsiItems, rsiItemsPage, rsiStatistics                                     rest.Route
	xrefType, xrefCreateType, xrefDeleteType, xrefRemoveSeveral                                rest.Route
	xrefRemove, xrefAssignMany, xrefRemoveMany                                                 rest.Route
	dispContainer, dispCriteria, dispConfigure, dispStart                                      rest.Route
	dispStopSearch, dispStopActions, dispSnapshots, dispStatus                                 rest.Route
	dispReviewerStatus, dispDeleteSnapshot, dispItems, dispReviewerItems                       rest.Route
	dispDecide, dispChangeActions, dispPerform, dispFinish                                     rest.Route
	dispHolds, dispAccession, dispCount, userAttributes                                        rest.Route
	clearances, clearanceSettings, nodeClearance, nodeClearanceSet                             rest.Route
	clearanceMany, markingsMany, ownClearance, userClearance                                   rest.Route
	userClearanceSet, userMarkings, userMarkingsSet, clearanceImport                           rest.Route
	fieldInfos, functionAccess, codesV1, codesV2                                               rest.Route
	codeCreate, codesImport, rsisImport, settingsImport                                        rest.Route
	uploadSettings, uploadStart, uploadPart, uploadComplete, uploadAbort                       rest.Route
	versionPromote, versionDelete, versionsPurge                                               rest.Route
	search, regions, audit, permissions                                                        rest.Route
	permissionsEffective, permissionAdd, permissionUpdate, permissionRemove                    rest.Route
	recycled, restore, purge, member                                                           rest.Route
	members, nickname, nicknameSet, renditions                                                 rest.Route
	renditionContent, renditionPut, renditionDelete, workspaceTypes                            rest.Route
	workspaces, workspace, workspaceCreate                                                     rest.Route
	workspaceOf, workspaceRoles, roleCreate, roleDelete                                        rest.Route
	roleMembers, roleMemberAdd, roleMemberRemove, workspaceRelated                             rest.Route
	workspaceRelate, workspaceUnrelate, otcsTicket                                             rest.Route
	userPicklist, groupPicklist                                                                rest.Route
}{
	login:                rest.Route{Name: "Auth.Login", Method: "POST", Template: "/v1/auth", Repeat: rest.Harmless, Secret: true},
	logout:               rest.Route{Name: "Auth.Logout", Method: "DELETE", Template: "/v1/auth", Repeat: rest.Harmless},
	session:              rest.Route{Name: "Auth.Check", Method: "HEAD", Template: "/v1/auth", Repeat: rest.Harmless},
	versionPromote:       rest.Route{Name: "Versions.Promote", Method: "POST", Template: "/v2/nodes/{id}/versions/{version_number}/promote"},
	versionDelete:        rest.Route{Name: "Versions.Delete", Method: "DELETE", Template: "/v2/nodes/{id}/versions/{version_number}", Repeat: rest.Harmless},
	versionsPurge:        rest.Route{Name: "Versions.Purge", Method: "DELETE", Template: "/v2/nodes/{id}/versions", Repeat: rest.Harmless},
	search:               rest.Route{Name: "Search.Query", Method: "POST", Template: "/v2/search", Repeat: rest.Harmless},
	regions:              rest.Route{Name: "Search.Regions", Method: "GET", Template: "/v1/regions", Repeat: rest.Harmless},
	audit:                rest.Route{Name: "Audit.OfNode", Method: "GET", Template: "/v2/nodes/{id}/audit", Repeat: rest.Harmless},
	permissions:          rest.Route{Name: "Permissions.OfNode", Method: "GET", Template: "/v2/nodes/{id}/permissions", Repeat: rest.Harmless},
	permissionsEffective: rest.Route{Name: "Permissions.Effective", Method: "GET", Template: "/v2/nodes/{id}/permissions/effective/{right_id}", Repeat: rest.Harmless},
	permissionAdd:        rest.Route{Name: "Permissions.Add", Method: "POST", Template: "/v2/nodes/{id}/permissions/custom", Repeat: rest.Harmless},
	permissionUpdate:     rest.Route{Name: "Permissions.Update", Method: "PUT", Template: "/v2/nodes/{id}/permissions/custom/{right_id}", Repeat: rest.Harmless},
	permissionRemove:     rest.Route{Name: "Permissions.Remove", Method: "DELETE", Template: "/v2/nodes/{id}/permissions/custom/{right_id}", Repeat: rest.Harmless},
	recycled:             rest.Route{Name: "RecycleBin.List", Method: "GET", Template: "/v2/volumes/recyclebin/nodes", Repeat: rest.Harmless},
	restore:              rest.Route{Name: "RecycleBin.Restore", Method: "POST", Template: "/v2/volumes/recyclebin/nodes/restore"},
	purge:                rest.Route{Name: "RecycleBin.Purge", Method: "POST", Template: "/v2/volumes/recyclebin/nodes/purge"},
	member:               rest.Route{Name: "Members.Get", Method: "GET", Template: "/v2/members/{id}", Repeat: rest.Harmless},
	members:              rest.Route{Name: "Members.List", Method: "GET", Template: "/v2/members", Repeat: rest.Harmless},
	nickname:             rest.Route{Name: "Nodes.ByNickname", Method: "GET", Template: "/v2/nicknames/{nickname}/nodes", Repeat: rest.Harmless},
	nicknameSet:          rest.Route{Name: "Nodes.SetNickname", Method: "PUT", Template: "/v2/nodes/{id}/nicknames", Repeat: rest.Harmless},
	renditions:           rest.Route{Name: "Versions.Renditions", Method: "GET", Template: "/v2/nodes/{id}/versions/{version_number}/renditions", Repeat: rest.Harmless},
	renditionContent:     rest.Route{Name: "Content.OpenRendition", Method: "GET", Template: "/v2/nodes/{id}/versions/{version_number}/renditions/content", Repeat: rest.Harmless},
	renditionPut:         rest.Route{Name: "Versions.PutRendition", Method: "PUT", Template: "/v2/nodes/{id}/versions/{version_number}/renditions"},
	renditionDelete:      rest.Route{Name: "Versions.DeleteRendition", Method: "DELETE", Template: "/v2/nodes/{id}/versions/{version_number}/renditions"},
	workspaceTypes:       rest.Route{Name: "Workspaces.Types", Method: "GET", Template: "/v2/businessworkspacetypes", Repeat: rest.Harmless},
	workspaces:           rest.Route{Name: "Workspaces.List", Method: "GET", Template: "/v2/businessworkspaces", Repeat: rest.Harmless},
	workspace:            rest.Route{Name: "Workspaces.Get", Method: "GET", Template: "/v2/businessworkspaces/{bw_id}", Repeat: rest.Harmless},
	workspaceCreate:      rest.Route{Name: "Workspaces.Create", Method: "POST", Template: "/v2/businessworkspaces"},
	workspaceOf:          rest.Route{Name: "Workspaces.Enclosing", Method: "GET", Template: "/v1/nodes/{id}/businessworkspace", Repeat: rest.Harmless},
	workspaceRoles:       rest.Route{Name: "Workspaces.Roles", Method: "GET", Template: "/v2/businessworkspaces/{bw_id}/roles", Repeat: rest.Harmless},
	roleCreate:           rest.Route{Name: "Workspaces.CreateRole", Method: "POST", Template: "/v2/businessworkspaces/{bw_id}/roles"},
	roleDelete:           rest.Route{Name: "Workspaces.DeleteRole", Method: "DELETE", Template: "/v2/businessworkspaces/{bw_id}/roles/{role_id}", Repeat: rest.Harmless},
	roleMembers:          rest.Route{Name: "Workspaces.RoleMembers", Method: "GET", Template: "/v2/businessworkspaces/{bw_id}/roles/{role_id}/members", Repeat: rest.Harmless},
	roleMemberAdd:        rest.Route{Name: "Workspaces.AddMember", Method: "POST", Template: "/v2/businessworkspaces/{bw_id}/roles/{role_id}/members", Repeat: rest.Harmless},
	roleMemberRemove:     rest.Route{Name: "Workspaces.RemoveMember", Method: "DELETE", Template: "/v2/businessworkspaces/{bw_id}/roles/{role_id}/members/{member_id}", Repeat: rest.Harmless},
	workspaceRelated:     rest.Route{Name: "Workspaces.Related", Method: "GET", Template: "/v2/businessworkspaces/{bw_id}/relateditems", Repeat: rest.Harmless},
	workspaceRelate:      rest.Route{Name: "Workspaces.Relate", Method: "POST", Template: "/v2/businessworkspaces/{bw_id}/relateditems"},
	workspaceUnrelate:    rest.Route{Name: "Workspaces.Unrelate", Method: "DELETE", Template: "/v2/businessworkspaces/{bw_id}/relateditems/{rel_bw_id}", Repeat: rest.Harmless},
	otcsTicket:           rest.Route{Name: "Auth.Exchange", Method: "GET", Template: "/v1/auth", Repeat: rest.Harmless},

	uploadSettings: rest.Route{Name: "Uploads.Settings", Method: "GET", Template: "/v2/multipart/settings", Repeat: rest.Harmless},
	uploadStart:    rest.Route{Name: "Uploads.Start", Method: "POST", Template: "/v2/multipart", Repeat: rest.Harmless},
	uploadPart:     rest.Route{Name: "Uploads.SendPart", Method: "POST", Template: "/v2/multipart/{upload_key}/{part_number}", Repeat: rest.Harmless},
	uploadComplete: rest.Route{Name: "Uploads.Complete", Method: "POST", Template: "/v2/multipart/{upload_key}"},
	uploadAbort:    rest.Route{Name: "Uploads.Abort", Method: "DELETE", Template: "/v2/multipart/{upload_key}", Repeat: rest.Harmless},

	ping:       rest.Route{Name: "Server.Ping", Method: "GET", Template: "/v1/ping", Repeat: rest.Harmless},
	serverInfo: rest.Route{Name: "Server.Info", Method: "GET", Template: "/v1/serverinfo", Repeat: rest.Harmless},

	nodeGet:       rest.Route{Name: "Nodes.Get", Method: "GET", Template: "/v2/nodes/{id}", Repeat: rest.Harmless},
	nodeCreate:    rest.Route{Name: "Nodes.Create", Method: "POST", Template: "/v2/nodes"},
	nodeUpdate:    rest.Route{Name: "Nodes.Update", Method: "PUT", Template: "/v2/nodes/{id}"},
	nodeDelete:    rest.Route{Name: "Nodes.Delete", Method: "DELETE", Template: "/v2/nodes/{id}"},
	nodeActions:   rest.Route{Name: "Nodes.Actions", Method: "POST", Template: "/v2/nodes/actions", Repeat: rest.Harmless},
	nodeList:      rest.Route{Name: "Nodes.GetMany", Method: "POST", Template: "/v2/nodes/list", Repeat: rest.Harmless},
	nodeChildren:  rest.Route{Name: "Nodes.List", Method: "GET", Template: "/v2/nodes/{id}/nodes", Repeat: rest.Harmless},
	nodeAncestors: rest.Route{Name: "Nodes.Ancestors", Method: "GET", Template: "/v1/nodes/{id}/ancestors", Repeat: rest.Harmless},
	namesValidate: rest.Route{Name: "Nodes.ValidateNames", Method: "POST", Template: "/v1/validation/nodes/names", Repeat: rest.Harmless},
	volumeGet:     rest.Route{Name: "Volumes.Get", Method: "GET", Template: "/v2/volumes/{type}", Repeat: rest.Harmless},

	versions:       rest.Route{Name: "Versions.List", Method: "GET", Template: "/v2/nodes/{id}/versions", Repeat: rest.Harmless},
	versionAdd:     rest.Route{Name: "Versions.Add", Method: "POST", Template: "/v2/nodes/{id}/versions"},
	versionGet:     rest.Route{Name: "Versions.Get", Method: "GET", Template: "/v2/nodes/{id}/versions/{version_number}", Repeat: rest.Harmless},
	content:        rest.Route{Name: "Content.Open", Method: "GET", Template: "/v1/nodes/{id}/content", Repeat: rest.Harmless},
	versionContent: rest.Route{Name: "Content.OpenVersion", Method: "GET", Template: "/v1/nodes/{id}/versions/{version_number}/content", Repeat: rest.Harmless},

	categories:     rest.Route{Name: "Categories.OfNode", Method: "GET", Template: "/v2/nodes/{id}/categories", Repeat: rest.Harmless},
	categoryAdd:    rest.Route{Name: "Categories.Add", Method: "POST", Template: "/v2/nodes/{id}/categories"},
	categoryUpdate: rest.Route{Name: "Categories.Update", Method: "PUT", Template: "/v2/nodes/{id}/categories/{category_id}/"},
	categoryRemove: rest.Route{Name: "Categories.Remove", Method: "DELETE", Template: "/v2/nodes/{id}/categories/{category_id}/"},
	categoryForm:   rest.Route{Name: "Categories.Definition", Method: "GET", Template: "/v1/forms/nodes/categories/create", Repeat: rest.Harmless},

	recordDetails: rest.Route{Name: "RMClassifications.Get", Method: "GET", Template: "/v1/nodes/{id}/rmclassifications", Repeat: rest.Harmless},
	recordApply:   rest.Route{Name: "RMClassifications.Apply", Method: "POST", Template: "/v1/nodes/{id}/rmclassifications"},
	recordUpdate:  rest.Route{Name: "RMClassifications.Update", Method: "PUT", Template: "/v1/nodes/{id}/rmclassifications"},
	recordRemove:  rest.Route{Name: "RMClassifications.Remove", Method: "DELETE", Template: "/v1/nodes/{id}/rmclassifications/{class_id}"},
	finalize:      rest.Route{Name: "RMClassifications.Finalize", Method: "PUT", Template: "/v1/rmclassifications/finalizerecords"},

	rsiList:    rest.Route{Name: "RSIs.List", Method: "GET", Template: "/v2/rsis", Repeat: rest.Harmless},
	nodeRSIs:   rest.Route{Name: "RSIs.OfNode", Method: "GET", Template: "/v1/nodes/{id}/rsis", Repeat: rest.Harmless},
	rsiAssign:  rest.Route{Name: "RSIs.Assign", Method: "POST", Template: "/v1/nodes/{id}/rmclassifications/{class_id}/rsis"},
	rsiDetails: rest.Route{Name: "RSIs.Details", Method: "GET", Template: "/v1/nodes/{id}/rsi/{rsi}/GetRSIDetails", Repeat: rest.Harmless},

	nodeHolds:  rest.Route{Name: "Holds.OfNode", Method: "GET", Template: "/v1/nodes/{id}/holds", Repeat: rest.Harmless},
	xrefTypes:  rest.Route{Name: "CrossReferences.Types", Method: "GET", Template: "/v1/xrefs", Repeat: rest.Harmless},
	nodeXrefs:  rest.Route{Name: "CrossReferences.OfNode", Method: "GET", Template: "/v1/nodes/{id}/xrefs", Repeat: rest.Harmless},
	xrefAssign: rest.Route{Name: "CrossReferences.Assign", Method: "POST", Template: "/v1/nodes/{id}/xrefs"},

	classifications:          rest.Route{Name: "Classifications.OfNode", Method: "GET", Template: "/v1/nodes/{id}/classifications", Repeat: rest.Harmless},
	classificationsSet:       rest.Route{Name: "Classifications.Set", Method: "POST", Template: "/v1/nodes/{id}/classifications"},
	classificationsClear:     rest.Route{Name: "Classifications.Clear", Method: "DELETE", Template: "/v1/nodes/{id}/classifications", Repeat: rest.Harmless},
	classificationRemove:     rest.Route{Name: "Classifications.Remove", Method: "DELETE", Template: "/v1/nodes/{id}/classifications/{class_id}"},
	classificationMenu:       rest.Route{Name: "Classifications.MayAdd", Method: "GET", Template: "/v1/nodes/{id}/classificationmenuitems/addclassification", Repeat: rest.Harmless},
	classificationSettings:   rest.Route{Name: "Classifications.Settings", Method: "GET", Template: "/v1/classifications/settings", Repeat: rest.Harmless},
	classificationCreateInfo: rest.Route{Name: "Classifications.CreateInfo", Method: "GET", Template: "/v1/classifications/createinfo", Repeat: rest.Harmless},
	classificationVolume:     rest.Route{Name: "Classifications.Volume", Method: "GET", Template: "/v2/classificationvolume", Repeat: rest.Harmless},

	recordMenu:          rest.Route{Name: "RMClassifications.MayAdd", Method: "GET", Template: "/v1/nodes/{id}/rmmenuitems/addrmclassification", Repeat: rest.Harmless},
	makeConfidential:    rest.Route{Name: "RMClassifications.MakeConfidential", Method: "PUT", Template: "/v1/nodes/{id}/rmclassifications/makeConfidential", Repeat: rest.Harmless},
	removeConfidential:  rest.Route{Name: "RMClassifications.RemoveConfidential", Method: "PUT", Template: "/v1/nodes/{id}/rmclassifications/removeConfidential", Repeat: rest.Harmless},
	classifiedItems:     rest.Route{Name: "RMClassifications.Items", Method: "GET", Template: "/v2/classifieditems/{id}", Repeat: rest.Harmless},
	classifiedItemsPage: rest.Route{Name: "RMClassifications.ItemsPage", Method: "GET", Template: "/v2/classifieditems/{id}/page", Repeat: rest.Harmless},
	recordMetadata:      rest.Route{Name: "RMClassifications.UpdateMany", Method: "POST", Template: "/v1/rmclassifications/RMMetadata", Repeat: rest.Harmless},
	batchAdd:            rest.Route{Name: "RMClassifications.ApplyMany", Method: "POST", Template: "/v1/rmclassifications/batchAddClassification"},
	batchRemove:         rest.Route{Name: "RMClassifications.RemoveMany", Method: "POST", Template: "/v1/rmcassifications/batchRemoveClassification"},
	managedRecords:      rest.Route{Name: "RMClassifications.Count", Method: "GET", Template: "/v1/rmclassifications/managedrecords", Repeat: rest.Harmless},
	compliance:          rest.Route{Name: "RMClassifications.Compliance", Method: "GET", Template: "/v1/rmclassifications/compliance", Repeat: rest.Harmless},
	recordSettings:      rest.Route{Name: "RMClassifications.Settings", Method: "GET", Template: "/v1/rmclassifications/settings", Repeat: rest.Harmless},
	recordCreateInfo:    rest.Route{Name: "RMClassifications.CreateInfo", Method: "GET", Template: "/v1/rmclassifications/createinfo", Repeat: rest.Harmless},

	queueAdd:   rest.Route{Name: "Queues.Add", Method: "POST", Template: "/v1/rmqueues"},
	queueGet:   rest.Route{Name: "Queues.Get", Method: "GET", Template: "/v1/rmqueues/{id}", Repeat: rest.Harmless},
	queueAbort: rest.Route{Name: "Queues.Abort", Method: "DELETE", Template: "/v1/rmqueues/{id}"},

	holdNames:        rest.Route{Name: "Holds.Names", Method: "GET", Template: "/v1/holds", Repeat: rest.Harmless},
	holdCreate:       rest.Route{Name: "Holds.Create", Method: "POST", Template: "/v1/holds", Lane: laneHolds},
	holdUpdate:       rest.Route{Name: "Holds.Update", Method: "PUT", Template: "/v1/holds", Lane: laneHolds},
	holdDelete:       rest.Route{Name: "Holds.Delete", Method: "DELETE", Template: "/v1/holds/{id}", Lane: laneHolds},
	holdMove:         rest.Route{Name: "Holds.Move", Method: "PUT", Template: "/v1/holds/move", Lane: laneHolds},
	holdApply:        rest.Route{Name: "Holds.Apply", Method: "POST", Template: "/v1/nodes/{id}/holds", Lane: laneHolds},
	holdRemove:       rest.Route{Name: "Holds.Remove", Method: "DELETE", Template: "/v1/nodes/{id}/holds/{hold_id}", Lane: laneHolds},
	holdList:         rest.Route{Name: "Holds.List", Method: "GET", Template: "/v2/holds", Repeat: rest.Harmless},
	holdGet:          rest.Route{Name: "Holds.Get", Method: "GET", Template: "/v2/holds/{id}", Repeat: rest.Harmless},
	holdFind:         rest.Route{Name: "Holds.Find", Method: "GET", Template: "/v2/hold", Repeat: rest.Harmless},
	holdDeleteByName: rest.Route{Name: "Holds.DeleteByName", Method: "DELETE", Template: "/v2/hold", Lane: laneHolds},
	holdMaintenance:  rest.Route{Name: "Holds.Maintenance", Method: "GET", Template: "/v2/holdmaintenance/{id}", Repeat: rest.Harmless},
	holdItems:        rest.Route{Name: "Holds.Items", Method: "GET", Template: "/v2/holditems/{id}", Repeat: rest.Harmless},
	holdItemsPage:    rest.Route{Name: "Holds.ItemsPage", Method: "GET", Template: "/v2/holditems/{id}/page", Repeat: rest.Harmless},
	holdApplyMany:    rest.Route{Name: "Holds.ApplyMany", Method: "POST", Template: "/v1/rmclassifications/applyhold", Lane: laneHolds},
	holdRemoveMany:   rest.Route{Name: "Holds.RemoveMany", Method: "POST", Template: "/v1/rmclassifications/removehold", Lane: laneHolds},
	holdUsers:        rest.Route{Name: "Holds.Users", Method: "GET", Template: "/v2/userholds/getusers/{id}", Repeat: rest.Harmless},
	holdAddUsers:     rest.Route{Name: "Holds.AddUsers", Method: "POST", Template: "/v2/userholds/addusers", Lane: laneHolds},
	holdRemoveUsers:  rest.Route{Name: "Holds.RemoveUsers", Method: "POST", Template: "/v2/userholds/removeusers", Lane: laneHolds},
	holdProcess:      rest.Route{Name: "Holds.Process", Method: "POST", Template: "/v2/userholds/processhold", Lane: laneHolds},
	holdUpdateUsers:  rest.Route{Name: "Holds.UpdateUsers", Method: "POST", Template: "/v2/userholds/updateusershold", Lane: laneHolds},
	holdStatistics:   rest.Route{Name: "Holds.Statistics", Method: "GET", Template: "/v1/rmstatistics/holds", Repeat: rest.Harmless},

	rsiRemove:       rest.Route{Name: "RSIs.Remove", Method: "DELETE", Template: "/v1/nodes/{id}/rmclassifications/{class_id}/rsis"},
	rsiMaintenance:  rest.Route{Name: "RSIs.Maintenance", Method: "GET", Template: "/v2/rsismaintenance", Repeat: rest.Harmless},
	rsiCreate:       rest.Route{Name: "RSIs.Create", Method: "POST", Template: "/v2/rsischedules"},
	rsiDeleteByName: rest.Route{Name: "RSIs.DeleteByName", Method: "DELETE", Template: "/v2/rsischedules"},
	rsiUpdateByName: rest.Route{Name: "RSIs.UpdateByName", Method: "PUT", Template: "/v2/rsischedule", Repeat: rest.Harmless},
	rsiUpdate:       rest.Route{Name: "RSIs.Update", Method: "PUT", Template: "/v2/rsischedules/{id}", Repeat: rest.Harmless},
	rsiDelete:       rest.Route{Name: "RSIs.Delete", Method: "DELETE", Template: "/v2/rsischedules/{id}"},
	rsiNames:        rest.Route{Name: "RSIs.Names", Method: "GET", Template: "/v1/rsis", Repeat: rest.Harmless},
	rsiSearch:       rest.Route{Name: "RSIs.Search", Method: "POST", Template: "/v1/rsis", Repeat: rest.Harmless},
	rsiGet:          rest.Route{Name: "RSIs.Get", Method: "GET", Template: "/v2/rsis/{id}", Repeat: rest.Harmless},
	rsiSchedule:     rest.Route{Name: "RSIs.Schedule", Method: "GET", Template: "/v2/rsis/{rsiid}/schedules/{id}", Repeat: rest.Harmless},
	rsiSchedules:    rest.Route{Name: "RSIs.Schedules", Method: "GET", Template: "/v2/rsischedule/{id}", Repeat: rest.Harmless},
	stageCreate:     rest.Route{Name: "RSIs.CreateStage", Method: "POST", Template: "/v2/rsischedules/{id}/stages"},
	stageUpdate:     rest.Route{Name: "RSIs.UpdateStage", Method: "PUT", Template: "/v2/rsischedules/{id}/stages/{stageId}", Repeat: rest.Harmless},
	stageDelete:     rest.Route{Name: "RSIs.DeleteStage", Method: "DELETE", Template: "/v2/rsischedules/{id}/stages/{stageId}"},
	stageApprove:    rest.Route{Name: "RSIs.Approve", Method: "PUT", Template: "/v2/rsischedules/{id}/approve/{stageId}", Repeat: rest.Harmless},
	approvalHistory: rest.Route{Name: "RSIs.ApprovalHistory", Method: "GET", Template: "/v2/rsischedules/{id}/approvalhistory", Repeat: rest.Harmless},
	rsiItems:        rest.Route{Name: "RSIs.Items", Method: "GET", Template: "/v2/rsiitems/{id}", Repeat: rest.Harmless},
	rsiItemsPage:    rest.Route{Name: "RSIs.ItemsPage", Method: "GET", Template: "/v2/rsiitems/{id}/page", Repeat: rest.Harmless},
	rsiStatistics:   rest.Route{Name: "RSIs.Statistics", Method: "GET", Template: "/v1/rmstatistics/rsis", Repeat: rest.Harmless},

	xrefType:          rest.Route{Name: "CrossReferences.Type", Method: "GET", Template: "/v1/xrefs/{xref_type}", Repeat: rest.Harmless},
	xrefCreateType:    rest.Route{Name: "CrossReferences.CreateType", Method: "POST", Template: "/v1/xrefs"},
	xrefDeleteType:    rest.Route{Name: "CrossReferences.DeleteType", Method: "DELETE", Template: "/v1/xrefs/{xref_type}"},
	xrefRemoveSeveral: rest.Route{Name: "CrossReferences.RemoveSeveral", Method: "PUT", Template: "/v1/nodes/{id}/xrefs", Repeat: rest.Harmless},
	xrefRemove:        rest.Route{Name: "CrossReferences.Remove", Method: "DELETE", Template: "/v1/nodes/{id}/xrefs/{xref_type}/refnodes/{xref_id}"},
	xrefAssignMany:    rest.Route{Name: "CrossReferences.AssignMany", Method: "POST", Template: "/v1/rmclassifications/assignxref"},
	xrefRemoveMany:    rest.Route{Name: "CrossReferences.RemoveMany", Method: "POST", Template: "/v1/rmclassifications/removexref", Repeat: rest.Harmless},

	dispContainer:      rest.Route{Name: "Dispositions.Container", Method: "GET", Template: "/v2/dispositionscontainer/{id}", Repeat: rest.Harmless},
	dispCriteria:       rest.Route{Name: "Dispositions.SetCriteria", Method: "PUT", Template: "/v1/dispSearchCriteria/{id}", Repeat: rest.Harmless},
	dispConfigure:      rest.Route{Name: "Dispositions.Configure", Method: "POST", Template: "/v1/dispositionConfiguration/id/{id}/tab/{tab}", Repeat: rest.Harmless},
	dispStart:          rest.Route{Name: "Dispositions.Start", Method: "POST", Template: "/v1/nodes/{id}/startdispsearch"},
	dispStopSearch:     rest.Route{Name: "Dispositions.StopSearch", Method: "POST", Template: "/v1/stopsearch/{id}/qdate/{qdate}", Repeat: rest.Harmless},
	dispStopActions:    rest.Route{Name: "Dispositions.StopActions", Method: "POST", Template: "/v1/stopactions/{id}/qdate/{qdate}", Repeat: rest.Harmless},
	dispSnapshots:      rest.Route{Name: "Dispositions.Snapshots", Method: "GET", Template: "/v2/snapshottable/{id}", Repeat: rest.Harmless},
	dispStatus:         rest.Route{Name: "Dispositions.Status", Method: "GET", Template: "/v1/disposition/{id}/qdate/{qdate}", Repeat: rest.Harmless},
	dispReviewerStatus: rest.Route{Name: "Dispositions.ReviewerStatus", Method: "GET", Template: "/v1/disposition/{id}/qdate/{qdate}/reviewerid/{reviewerid}/reviewerstep/{reviewerstep}", Repeat: rest.Harmless},
	dispDeleteSnapshot: rest.Route{Name: "Dispositions.DeleteSnapshot", Method: "DELETE", Template: "/v1/disposition/{id}/qdate/{qdate}"},
	dispItems:          rest.Route{Name: "Dispositions.Items", Method: "GET", Template: "/v2/nodes/{id}/disposition-snapshots/qdate/{qdate}", Repeat: rest.Harmless},
	dispReviewerItems:  rest.Route{Name: "Dispositions.ReviewerItems", Method: "GET", Template: "/v2/nodes/{id}/disposition-snapshots/qdate/{qdate}/reviewerid/{reviewerid}/reviewerstep/{reviewerstep}", Repeat: rest.Harmless},
	dispDecide:         rest.Route{Name: "Dispositions.ChangeReviewDecision", Method: "POST", Template: "/v1/members/{id}/disposition/changereviewdecision", Repeat: rest.Harmless},
	dispChangeActions:  rest.Route{Name: "Dispositions.ChangeActions", Method: "POST", Template: "/v1/members/{id}/disposition/changeactions", Repeat: rest.Harmless},
	dispPerform:        rest.Route{Name: "Dispositions.PerformActions", Method: "POST", Template: "/v1/members/{id}/disposition/performactions"},
	dispFinish:         rest.Route{Name: "Dispositions.FinishReview", Method: "POST", Template: "/v1/members/{id}/disposition/finishreview"},
	dispHolds:          rest.Route{Name: "Dispositions.ApplyHold", Method: "POST", Template: "/v1/rmclassifications/dispositionholds", Lane: laneHolds},
	dispAccession:      rest.Route{Name: "Dispositions.SetAccession", Method: "POST", Template: "/v1/rmclassifications/dispositionaccession", Repeat: rest.Harmless},
	dispCount:          rest.Route{Name: "Dispositions.Count", Method: "GET", Template: "/v1/rmclassifications/dispositions", Repeat: rest.Harmless},
	userAttributes:     rest.Route{Name: "Dispositions.UserAttributes", Method: "GET", Template: "/v1/category/userAttribute/{id}", Repeat: rest.Harmless},

	clearances:        rest.Route{Name: "Security.Codes", Method: "GET", Template: "/v1/securityclearances", Repeat: rest.Harmless},
	clearanceSettings: rest.Route{Name: "Security.Settings", Method: "GET", Template: "/v1/securityclearances/settings", Repeat: rest.Harmless},
	nodeClearance:     rest.Route{Name: "Security.OfNode", Method: "GET", Template: "/v1/nodes/{id}/securityclearances", Repeat: rest.Harmless},
	nodeClearanceSet:  rest.Route{Name: "Security.SetNode", Method: "PUT", Template: "/v1/nodes/{id}/securityclearances", Repeat: rest.Harmless},
	clearanceMany:     rest.Route{Name: "Security.SetLevelMany", Method: "POST", Template: "/v1/UpdateSecurityClearanceLevel", Repeat: rest.Harmless},
	markingsMany:      rest.Route{Name: "Security.SetMarkingsMany", Method: "POST", Template: "/v1/UpdateSupplementalMarkings", Repeat: rest.Harmless},
	ownClearance:      rest.Route{Name: "Security.Own", Method: "GET", Template: "/v2/members/usersecurity/simple", Repeat: rest.Harmless},
	userClearance:     rest.Route{Name: "Security.OfUser", Method: "GET", Template: "/v2/members/usersecurity/{userID}/securityclearancelevel", Repeat: rest.Harmless},
	userClearanceSet:  rest.Route{Name: "Security.SetUser", Method: "POST", Template: "/v2/members/usersecurity/{userID}/securityclearancelevel", Repeat: rest.Harmless},
	userMarkings:      rest.Route{Name: "Security.UserMarkings", Method: "GET", Template: "/v2/members/usersecurity/{userID}/supplementalmarkings", Repeat: rest.Harmless},
	userMarkingsSet:   rest.Route{Name: "Security.SetUserMarkings", Method: "POST", Template: "/v2/members/usersecurity/{userID}/supplementalmarkings", Repeat: rest.Harmless},
	clearanceImport:   rest.Route{Name: "Security.ImportCodes", Method: "POST", Template: "/v1/securityclearances/importCodes"},

	fieldInfos:     rest.Route{Name: "Codes.Fields", Method: "GET", Template: "/v1/recordsmanagement/fieldinfos", Repeat: rest.Harmless},
	functionAccess: rest.Route{Name: "Codes.FunctionAccess", Method: "GET", Template: "/v1/recordsmanagement/functionaccessinfos", Repeat: rest.Harmless},
	codesV1:        rest.Route{Name: "Codes.Lists", Method: "GET", Template: "/v1/recordsmanagement/rmcodes", Repeat: rest.Harmless},
	codesV2:        rest.Route{Name: "Codes.All", Method: "GET", Template: "/v2/recordsmanagement/rmcodes", Repeat: rest.Harmless},
	codeCreate:     rest.Route{Name: "Codes.Create", Method: "POST", Template: "/v1/recordsmanagement/rmcodes/{name}"},
	codesImport:    rest.Route{Name: "Codes.Import", Method: "POST", Template: "/v1/recordsmanagement/importCodes"},
	rsisImport:     rest.Route{Name: "Codes.ImportRSIs", Method: "POST", Template: "/v1/recordsmanagement/importRSIs"},
	settingsImport: rest.Route{Name: "Codes.ImportSettings", Method: "POST", Template: "/v1/recordsmanagement/importSettings"},
	userPicklist:   rest.Route{Name: "Codes.UserPicklist", Method: "GET", Template: "/v1/members/{id}/userpicklist", Repeat: rest.Harmless},
	groupPicklist:  rest.Route{Name: "Codes.GroupPicklist", Method: "GET", Template: "/v1/members/{id}/grouppicklist", Repeat: rest.Harmless},
}
