package testserver

import (
	"encoding/json"
	"io"
	"net/http"
)

func jsonObject(r io.Reader) (map[string]any, error) {
	var m map[string]any
	err := json.NewDecoder(io.LimitReader(r, maxField)).Decode(&m)
	return m, err
}

// routes is the table of everything the fake answers. What is not here, it
// does not know, and says so in the server's own words.
func (e *ECM) routes() {
	e.mux = http.NewServeMux()
	e.mux.HandleFunc("POST /otdsws/rest/authentication/credentials", e.otds("userName", "userId"))
	e.mux.HandleFunc("POST /otdsws/v1/authentication/credentials", e.otds("user_name", "user_id"))
	public := func(pattern string, h ecmHandler) { e.serveRow(ecmRoute{pattern: pattern, handler: h, public: true}) }
	public("POST /v1/auth", (*ecmCall).postAuth)
	public("POST /otdsws/oauth2/token", (*ecmCall).token)
	public("GET /v1/ping", (*ecmCall).ping)
	e.serveRow(ecmRoute{pattern: "POST /v2/multipart/{key}", handler: (*ecmCall).closeUpload, free: true})
	for _, table := range []map[string]ecmHandler{serverRoutes(), nodeRoutes(), contentRoutes(), permissionRoutes(), recordRoutes(), rsiRoutes(), holdRoutes(), dispositionRoutes(), codeRoutes(), securityRoutes()} {
		for _, pattern := range sortedKeys(table) {
			_, serial := holdWrites[pattern]
			e.serveRow(ecmRoute{pattern: pattern, handler: table[pattern], serial: serial})
		}
	}
	workspaces := workspaceRoutes()
	for _, pattern := range sortedKeys(workspaces) {
		e.serveRow(ecmRoute{pattern: pattern, handler: workspaces[pattern], json: true})
	}
	e.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		e.answer(w, nil, fail(http.StatusBadRequest, textNoRoute))
	})
}

// holdWrites are the routes that a web server in front may refuse in parallel.
var holdWrites = map[string]struct{}{
	"POST /v1/holds": {}, "PUT /v1/holds": {}, "DELETE /v1/holds/{id}": {}, "POST /v1/nodes/{id}/holds": {}, "DELETE /v1/nodes/{id}/holds/{hold}": {},
	"POST /v1/rmclassifications/applyhold": {}, "POST /v1/rmclassifications/removehold": {},
}

func serverRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/auth":                              (*ecmCall).getAuth,
		"DELETE /v1/auth":                           (*ecmCall).deleteAuth,
		"GET /v1/serverinfo":                        (*ecmCall).serverInfo,
		"GET /v2/members":                           (*ecmCall).members,
		"GET /v2/members/{id}":                      (*ecmCall).oneMember,
		"GET /v2/members/{id}/members":              (*ecmCall).groupMembers,
		"GET /v2/members/{id}/memberof":             (*ecmCall).memberOf,
		"GET /v2/members/reserved":                  (*ecmCall).reservedNodes,
		"GET /v2/members/sessions":                  (*ecmCall).sessions,
		"DELETE /v2/members/sessions":               (*ecmCall).endSessions,
		"POST /v2/search":                           (*ecmCall).postSearch,
		"GET /v2/search":                            (*ecmCall).slices,
		"GET /v1/regions":                           (*ecmCall).regionList,
		"GET /v2/multipart/settings":                (*ecmCall).uploadSettings,
		"POST /v2/multipart":                        (*ecmCall).startUpload,
		"POST /v2/multipart/{key}/{part}":           (*ecmCall).putPart,
		"DELETE /v2/multipart/{key}":                (*ecmCall).abortUpload,
		"GET /v2/volumes":                           (*ecmCall).volumes,
		"GET /v2/volumes/{type}":                    (*ecmCall).volume,
		"GET /v2/volumes/{type}/nodes":              (*ecmCall).volumeChildren,
		"GET /v2/volumes/recyclebin/nodes":          (*ecmCall).recycled,
		"POST /v2/volumes/recyclebin/nodes/purge":   (*ecmCall).purge,
		"POST /v2/volumes/recyclebin/nodes/restore": (*ecmCall).restore,
		"GET /v2/nicknames/{nickname}/nodes":        (*ecmCall).byNickname,
		"GET /v2/classificationvolume":              (*ecmCall).classificationVolume,
	}
}

func nodeRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/nodes/{id}":                               (*ecmCall).getNodeV1,
		"GET /v2/nodes/{id}":                               (*ecmCall).getNode,
		"GET /v2/nodes/{id}/properties":                    (*ecmCall).getNode,
		"POST /v2/nodes":                                   (*ecmCall).createNode,
		"POST /v1/nodes":                                   (*ecmCall).createNodeV1,
		"PUT /v2/nodes/{id}":                               (*ecmCall).updateNode,
		"PUT /v1/nodes/{id}":                               (*ecmCall).updateNode,
		"DELETE /v2/nodes/{id}":                            (*ecmCall).deleteNode,
		"DELETE /v1/nodes/{id}":                            (*ecmCall).deleteNode,
		"POST /v2/nodes/list":                              (*ecmCall).listNodes,
		"GET /v2/nodes/actions":                            (*ecmCall).actions,
		"POST /v2/nodes/actions":                           (*ecmCall).actions,
		"GET /v2/nodes/{id}/nodes":                         (*ecmCall).childNodes,
		"GET /v1/nodes/{id}/ancestors":                     (*ecmCall).ancestors,
		"GET /v2/nodes/{id}/audit":                         (*ecmCall).auditTrail,
		"PUT /v2/nodes/{id}/nicknames":                     (*ecmCall).setNickname,
		"POST /v1/validation/nodes/names":                  (*ecmCall).validateNames,
		"POST /v1/validation/nodes/categories/enforcement": (*ecmCall).enforcement,
	}
}

func contentRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v2/nodes/{id}/versions":                              (*ecmCall).versions,
		"POST /v2/nodes/{id}/versions":                             (*ecmCall).addVersion,
		"DELETE /v2/nodes/{id}/versions":                           (*ecmCall).purgeVersions,
		"GET /v2/nodes/{id}/versions/{version}":                    (*ecmCall).version,
		"PUT /v2/nodes/{id}/versions/{version}":                    (*ecmCall).describeVersion,
		"DELETE /v2/nodes/{id}/versions/{version}":                 (*ecmCall).deleteVersion,
		"GET /v1/nodes/{id}/versions/latest":                       (*ecmCall).latestVersion,
		"POST /v2/nodes/{id}/versions/{version}/promote":           (*ecmCall).promoteVersion,
		"POST /v2/nodes/{id}/versions/{version}/lock":              lockVersion(true),
		"POST /v2/nodes/{id}/versions/{version}/unlock":            lockVersion(false),
		"GET /v2/nodes/{id}/versions/{version}/categories":         (*ecmCall).versionCategories,
		"GET /v1/nodes/{id}/content":                               (*ecmCall).content,
		"GET /v2/nodes/{id}/content":                               (*ecmCall).content,
		"GET /v2/nodes/{id}/content/{filename}":                    (*ecmCall).content,
		"GET /v1/nodes/{id}/versions/{version}/content":            (*ecmCall).content,
		"GET /v2/nodes/{id}/versions/{version}/content":            (*ecmCall).content,
		"GET /v2/nodes/{id}/versions/renditions":                   (*ecmCall).renditions,
		"POST /v2/nodes/{id}/versions/renditions":                  putRendition(false),
		"GET /v2/nodes/{id}/versions/latest/renditions":            (*ecmCall).versionRenditions,
		"GET /v2/nodes/{id}/versions/{version}/renditions":         (*ecmCall).versionRenditions,
		"PUT /v2/nodes/{id}/versions/{version}/renditions":         putRendition(true),
		"DELETE /v2/nodes/{id}/versions/{version}/renditions":      (*ecmCall).deleteRendition,
		"GET /v2/nodes/{id}/versions/{version}/renditions/content": (*ecmCall).renditionContent,
		"GET /v2/nodes/{id}/categories":                            (*ecmCall).categories,
		"POST /v2/nodes/{id}/categories":                           (*ecmCall).addCategory,
		"GET /v2/nodes/{id}/categories/{category}":                 (*ecmCall).category,
		"PUT /v2/nodes/{id}/categories/{category}":                 (*ecmCall).updateCategory,
		"DELETE /v2/nodes/{id}/categories/{category}":              (*ecmCall).removeCategory,
		"POST /v2/nodes/{id}/categories/{category}/inheritance":    inheritance(true),
		"DELETE /v2/nodes/{id}/categories/{category}/inheritance":  inheritance(false),
		"GET /v1/forms/nodes/categories/create":                    (*ecmCall).categoryForm,
		"GET /v1/forms/nodes/categories/update":                    (*ecmCall).categoryForm,
	}
}

func permissionRoutes() map[string]ecmHandler {
	table := map[string]ecmHandler{
		"GET /v2/nodes/{id}/permissions":                   (*ecmCall).permissions,
		"POST /v2/nodes/{id}/permissions/custom":           (*ecmCall).addCustom,
		"POST /v2/nodes/{id}/permissions/custom/bulk":      (*ecmCall).addCustoms,
		"GET /v2/nodes/{id}/permissions/custom/{right}":    (*ecmCall).onePermission,
		"PUT /v2/nodes/{id}/permissions/custom/{right}":    (*ecmCall).setCustom,
		"DELETE /v2/nodes/{id}/permissions/custom/{right}": (*ecmCall).dropCustom,
		"GET /v2/nodes/{id}/permissions/effective/{right}": (*ecmCall).effectivePermissions,
	}
	for _, kind := range []string{"owner", "group", "public"} {
		table["GET /v2/nodes/{id}/permissions/"+kind] = (*ecmCall).onePermission
		table["PUT /v2/nodes/{id}/permissions/"+kind] = (*ecmCall).setPermission
		table["DELETE /v2/nodes/{id}/permissions/"+kind] = (*ecmCall).dropPermission
	}
	return table
}

func recordRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/nodes/{id}/classifications":                           (*ecmCall).classifications,
		"POST /v1/nodes/{id}/classifications":                          (*ecmCall).setClassifications,
		"DELETE /v1/nodes/{id}/classifications":                        (*ecmCall).clearClassifications,
		"DELETE /v1/nodes/{id}/classifications/{class}":                (*ecmCall).removeClassification,
		"GET /v1/nodes/{id}/classificationmenuitems/addclassification": (*ecmCall).classificationMenu,
		"GET /v1/nodes/{id}/rmmenuitems/addrmclassification":           (*ecmCall).rmClassificationMenu,
		"GET /v1/classifications/settings":                             (*ecmCall).classificationSettings,
		"GET /v1/classifications/createinfo":                           (*ecmCall).classificationCreateInfo,
		"GET /v1/nodes/{id}/rmclassifications":                         (*ecmCall).recordDetails,
		"POST /v1/nodes/{id}/rmclassifications":                        (*ecmCall).classify,
		"PUT /v1/nodes/{id}/rmclassifications":                         (*ecmCall).updateRecord,
		"DELETE /v1/nodes/{id}/rmclassifications/{class}":              (*ecmCall).unclassify,
		"PUT /v1/nodes/{id}/rmclassifications/makeConfidential":        confidential(true),
		"PUT /v1/nodes/{id}/rmclassifications/removeConfidential":      confidential(false),
		"POST /v1/rmclassifications/batchAddClassification":            (*ecmCall).batchAddClass,
		"POST /v1/rmcassifications/batchRemoveClassification":          (*ecmCall).batchRemoveClass,
		"POST /v1/rmclassifications/RMMetadata":                        (*ecmCall).bulkMetadata,
		"GET /v2/classifieditems/{id}":                                 (*ecmCall).classifiedItems,
		"GET /v2/classifieditems/{id}/page":                            (*ecmCall).classifiedItems,
		"PUT /v1/rmclassifications/finalizerecords":                    (*ecmCall).finalize,
		"POST /v1/rmqueues":                                            (*ecmCall).addQueue,
		"GET /v1/rmqueues/{id}":                                        (*ecmCall).getQueue,
		"DELETE /v1/rmqueues/{id}":                                     (*ecmCall).abortQueue,
		"GET /v1/rmclassifications/managedrecords":                     (*ecmCall).countRecords,
		"GET /v1/rmclassifications/compliance":                         (*ecmCall).compliance,
		"GET /v1/rmstatistics/holds":                                   (*ecmCall).holdStatistics,
		"GET /v1/rmstatistics/rsis":                                    (*ecmCall).rsiStatistics,
		"GET /v1/rmclassifications/dispositions":                       (*ecmCall).countDispositions,
		"GET /v1/xrefs":                                                (*ecmCall).xrefTypes,
		"POST /v1/xrefs":                                               (*ecmCall).createXrefType,
		"GET /v1/xrefs/{type}":                                         (*ecmCall).oneXrefType,
		"DELETE /v1/xrefs/{type}":                                      (*ecmCall).deleteXrefType,
		"GET /v1/nodes/{id}/xrefs":                                     (*ecmCall).nodeXrefs,
		"POST /v1/nodes/{id}/xrefs":                                    (*ecmCall).assignXref,
		"PUT /v1/nodes/{id}/xrefs":                                     (*ecmCall).removeXrefs,
		"DELETE /v1/nodes/{id}/xrefs/{type}/refnodes/{to}":             (*ecmCall).removeXref,
		"POST /v1/rmclassifications/assignxref":                        (*ecmCall).bulkAssignXref,
		"POST /v1/rmclassifications/removexref":                        (*ecmCall).bulkRemoveXref,
	}
}

func rsiRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/rsis":                                         (*ecmCall).rsiNames,
		"POST /v1/rsis":                                        (*ecmCall).rsiNames,
		"GET /v2/rsis":                                         (*ecmCall).rsis,
		"GET /v2/rsis/{id}":                                    (*ecmCall).oneRSI,
		"GET /v2/rsis/{rsi}/schedules/{id}":                    (*ecmCall).oneSchedule,
		"GET /v2/rsismaintenance":                              (*ecmCall).rsiMaintenance,
		"GET /v2/rsischedule/{id}":                             (*ecmCall).schedules,
		"POST /v2/rsischedules":                                (*ecmCall).createRSI,
		"PUT /v2/rsischedule":                                  (*ecmCall).updateRSI,
		"PUT /v2/rsischedules/{id}":                            (*ecmCall).updateRSI,
		"DELETE /v2/rsischedules/{id}":                         (*ecmCall).deleteRSI,
		"DELETE /v2/rsischedules":                              (*ecmCall).deleteRSI,
		"POST /v2/rsischedules/{id}/stages":                    (*ecmCall).createStage,
		"PUT /v2/rsischedules/{id}/stages/{stage}":             (*ecmCall).updateStage,
		"DELETE /v2/rsischedules/{id}/stages/{stage}":          (*ecmCall).deleteStage,
		"PUT /v2/rsischedules/{id}/approve/{stage}":            (*ecmCall).approveStage,
		"GET /v2/rsischedules/{id}/approvalhistory":            (*ecmCall).approvalHistory,
		"GET /v2/rsiitems/{id}":                                (*ecmCall).rsiItems,
		"GET /v2/rsiitems/{id}/page":                           (*ecmCall).rsiItems,
		"GET /v1/nodes/{id}/rsis":                              (*ecmCall).nodeRSIs,
		"POST /v1/nodes/{id}/rmclassifications/{class}/rsis":   (*ecmCall).assignRSI,
		"DELETE /v1/nodes/{id}/rmclassifications/{class}/rsis": (*ecmCall).removeRSI,
		"GET /v1/nodes/{id}/rsi/{rsi}/GetRSIDetails":           (*ecmCall).rsiDetails,
	}
}

func holdRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/holds":                         (*ecmCall).holdsV1,
		"GET /v2/holds":                         (*ecmCall).holds,
		"GET /v2/holds/{id}":                    (*ecmCall).holdByID,
		"GET /v2/hold":                          (*ecmCall).holdByName,
		"POST /v1/holds":                        (*ecmCall).createHold,
		"PUT /v1/holds":                         (*ecmCall).updateHold,
		"DELETE /v1/holds/{id}":                 (*ecmCall).deleteHoldV1,
		"DELETE /v2/hold":                       (*ecmCall).deleteHold,
		"PUT /v1/holds/move":                    (*ecmCall).moveHolds,
		"GET /v2/holdmaintenance/{id}":          (*ecmCall).holdMaintenance,
		"GET /v1/nodes/{id}/holds":              (*ecmCall).nodeHolds,
		"POST /v1/nodes/{id}/holds":             (*ecmCall).applyHold,
		"DELETE /v1/nodes/{id}/holds/{hold}":    (*ecmCall).removeHold,
		"POST /v1/rmclassifications/applyhold":  (*ecmCall).bulkApplyHold,
		"POST /v1/rmclassifications/removehold": (*ecmCall).bulkRemoveHold,
		"GET /v2/holditems/{id}":                (*ecmCall).holdItems,
		"GET /v2/holditems/{id}/page":           (*ecmCall).holdItems,
		"GET /v2/userholds/getusers/{id}":       (*ecmCall).holdUsers,
		"POST /v2/userholds/addusers":           (*ecmCall).addHoldUsers,
		"POST /v2/userholds/removeusers":        (*ecmCall).removeHoldUsers,
		"POST /v2/userholds/processhold":        (*ecmCall).processHold,
		"POST /v2/userholds/updateusershold":    (*ecmCall).updateHoldUsers,
	}
}

func dispositionRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v2/dispositionscontainer/{id}":                                                               (*ecmCall).dispositionContainer,
		"PUT /v1/dispSearchCriteria/{id}":                                                                  (*ecmCall).updateCriteria,
		"POST /v1/dispositionConfiguration/id/{id}/tab/{tab}":                                              (*ecmCall).configure,
		"POST /v1/nodes/{id}/startdispsearch":                                                              (*ecmCall).startSearch,
		"POST /v1/stopsearch/{id}/qdate/{qdate}":                                                           (*ecmCall).stopSearch,
		"POST /v1/stopactions/{id}/qdate/{qdate}":                                                          (*ecmCall).stopActions,
		"GET /v2/snapshottable/{id}":                                                                       (*ecmCall).snapshots,
		"GET /v1/disposition/{id}/qdate/{qdate}":                                                           (*ecmCall).snapshotStatus,
		"DELETE /v1/disposition/{id}/qdate/{qdate}":                                                        (*ecmCall).deleteSnapshot,
		"GET /v2/nodes/{id}/disposition-snapshots/qdate/{qdate}":                                           (*ecmCall).snapshotItems,
		"POST /v1/members/{id}/disposition/changereviewdecision":                                           (*ecmCall).changeDecision,
		"POST /v1/members/{id}/disposition/changeactions":                                                  (*ecmCall).changeActions,
		"POST /v1/members/{id}/disposition/performactions":                                                 (*ecmCall).performActions,
		"POST /v1/members/{id}/disposition/finishreview":                                                   (*ecmCall).finishReview,
		"POST /v1/rmclassifications/dispositionholds":                                                      (*ecmCall).dispositionHolds,
		"POST /v1/rmclassifications/dispositionaccession":                                                  (*ecmCall).dispositionAccession,
		"GET /v1/category/userAttribute/{id}":                                                              (*ecmCall).userAttributes,
		"GET /v1/disposition/{id}/qdate/{qdate}/reviewerid/{reviewer}/reviewerstep/{step}":                 (*ecmCall).snapshotStatus,
		"GET /v2/nodes/{id}/disposition-snapshots/qdate/{qdate}/reviewerid/{reviewer}/reviewerstep/{step}": (*ecmCall).snapshotItems,
	}
}

func codeRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/rmclassifications/settings":            (*ecmCall).rmSettings,
		"GET /v1/rmclassifications/createinfo":          (*ecmCall).rmCreateInfo,
		"GET /v1/recordsmanagement/fieldinfos":          (*ecmCall).fieldInfos,
		"GET /v1/recordsmanagement/functionaccessinfos": (*ecmCall).functionAccess,
		"GET /v1/recordsmanagement/rmcodes":             (*ecmCall).codesV1,
		"GET /v2/recordsmanagement/rmcodes":             (*ecmCall).codes,
		"POST /v1/recordsmanagement/rmcodes/{name}":     (*ecmCall).createCode,
		"POST /v1/recordsmanagement/importCodes":        imports("codes"),
		"POST /v1/recordsmanagement/importRSIs":         imports("rsis"),
		"POST /v1/recordsmanagement/importSettings":     imports("settings"),
		"GET /v1/members/{id}/userpicklist":             (*ecmCall).pickList,
		"GET /v1/members/{id}/grouppicklist":            (*ecmCall).pickList,
	}
}

func securityRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v1/securityclearances":                                  (*ecmCall).clearances,
		"GET /v1/securityclearances/settings":                         (*ecmCall).clearanceSettings,
		"POST /v1/securityclearances/importCodes":                     imports("clearances"),
		"GET /v1/nodes/{id}/securityclearances":                       (*ecmCall).nodeClearance,
		"PUT /v1/nodes/{id}/securityclearances":                       (*ecmCall).setNodeClearance,
		"POST /v1/UpdateSecurityClearanceLevel":                       (*ecmCall).bulkClearance,
		"POST /v1/UpdateSupplementalMarkings":                         (*ecmCall).bulkMarkings,
		"GET /v2/members/usersecurity/simple":                         (*ecmCall).ownSecurity,
		"GET /v2/members/usersecurity/{user}/securityclearancelevel":  (*ecmCall).userClearance,
		"POST /v2/members/usersecurity/{user}/securityclearancelevel": (*ecmCall).setUserClearance,
		"GET /v2/members/usersecurity/{user}/supplementalmarkings":    (*ecmCall).userMarkings,
		"POST /v2/members/usersecurity/{user}/supplementalmarkings":   (*ecmCall).setUserMarkings,
	}
}

func workspaceRoutes() map[string]ecmHandler {
	return map[string]ecmHandler{
		"GET /v2/businessworkspacetypes":                                   (*ecmCall).workspaceTypes,
		"GET /v2/businessworkspacetypes/{type}":                            (*ecmCall).oneWorkspaceType,
		"GET /v2/forms/businessworkspaces/create":                          (*ecmCall).workspaceForm,
		"GET /v2/businessworkspaces":                                       (*ecmCall).workspaces,
		"POST /v2/businessworkspaces":                                      (*ecmCall).createWorkspace,
		"PUT /v2/businessworkspaces":                                       (*ecmCall).bulkWorkspaces,
		"GET /v2/businessworkspaces/{id}":                                  (*ecmCall).getWorkspace,
		"GET /v2/externalsystems/{system}/botypes/{kind}/boids/{business}": (*ecmCall).workspaceByBusiness,
		"GET /v1/nodes/{id}/businessworkspace":                             (*ecmCall).enclosing,
		"GET /v2/businessworkspaces/{id}/roles":                            (*ecmCall).workspaceRoles,
		"POST /v2/businessworkspaces/{id}/roles":                           (*ecmCall).createRole,
		"GET /v2/businessworkspaces/{id}/roles/{role}":                     (*ecmCall).getRole,
		"PUT /v2/businessworkspaces/{id}/roles/{role}":                     (*ecmCall).updateRole,
		"DELETE /v2/businessworkspaces/{id}/roles/{role}":                  (*ecmCall).deleteRole,
		"GET /v2/businessworkspaces/{id}/roles/{role}/members":             (*ecmCall).roleMembers,
		"POST /v2/businessworkspaces/{id}/roles/{role}/members":            (*ecmCall).addRoleMember,
		"GET /v2/businessworkspaces/{id}/roles/{role}/members/{member}":    (*ecmCall).getRoleMember,
		"DELETE /v2/businessworkspaces/{id}/roles/{role}/members/{member}": (*ecmCall).removeRoleMember,
		"GET /v2/businessworkspaces/{id}/members":                          (*ecmCall).workspaceMembers,
		"GET /v2/businessworkspaces/{id}/relateditems":                     (*ecmCall).related,
		"POST /v2/businessworkspaces/{id}/relateditems":                    (*ecmCall).relateWorkspaces,
		"DELETE /v2/businessworkspaces/{id}/relateditems/{to}":             (*ecmCall).unrelateWorkspaces,
		"GET /v2/businessworkspaceroles":                                   (*ecmCall).addableRoles,
		"POST /v2/nodes/{id}/businessworkspaceroles":                       (*ecmCall).grantRole,
	}
}
